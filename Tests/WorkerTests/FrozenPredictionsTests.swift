import Evaluation
import Learning
import Pipelines
import Tensors
import Testing
import Vocabulary
import Worker

@Suite("Frozen predictions")
struct FrozenPredictionsTests {
  /// A partition's share of that many rows.
  private func rows(_ count: Int, of partition: Int32 = 0, from: Int64 = 0) -> PartitionShare {
    var share = PartitionShare()
    (share.partition, share.rows, share.from, share.next) = (partition, UInt32(count), from, from + Int64(count))
    return share
  }

  @Test("each generation's step thread finds the stable version, not only the first")
  func outlivesGeneration() throws {
    let spec = LearnerSpec(smallPipeline())
    let source = FrozenVersions()
    let state = Learner(spec: spec, batchCapacity: 4).encodeState()
    source.call([3], serving: 3, new: [.init(number: 3, model: try ModelParameters(spec: spec, state: state))])
    for _ in 1...2 {
      let predictions = FrozenPredictions(source: source, task: .binary, batchCapacity: 4)
      #expect(predictions.versions.isEmpty)
      let batch = FeatureBatch(capacity: 4, numberCount: 2, categoryCount: 1)
      batch.count = 2
      for row in 0..<2 {
        batch.numbers[2 * row] = 0.5
        batch.numbers[2 * row + 1] = -0.5
        batch.categories[row] = 1
        batch.labels[row] = row == 0 ? 1 : .nan
      }
      predictions.refresh()
      predictions.predict(batch, of: [rows(batch.count)])
      #expect(predictions.versions == [3])
      #expect(predictions.losses[0].isFinite)
      #expect(predictions.losses[1] == FrozenPredictions.unasked)
    }
  }

  @Test("a version that knows fewer classes says nothing of records of one that was found later")
  func fewerClasses() throws {
    func spec(_ known: [String]) -> LearnerSpec {
      LearnerSpec(
        smallPipeline {
          $0.model.task = .multiclass
          $0.schema.label = LabelSettings(path: "kind", classes: known)
          ($0.schema.label.findsClasses, $0.schema.label.classesMax) = (true, 8)
        })
    }
    let state = Learner(spec: spec([]), batchCapacity: 4).encodeState()
    let source = FrozenVersions()
    source.call(
      [3], serving: 3, new: [.init(number: 3, model: try ModelParameters(spec: spec(["a", "b"]), state: state))])
    let predictions = FrozenPredictions(source: source, task: .multiclass(8), batchCapacity: 4)
    let batch = FeatureBatch(capacity: 4, numberCount: 2, categoryCount: 1)
    batch.count = 4
    for row in 0..<4 { batch.labels[row] = Float(row) }
    predictions.refresh()
    predictions.predict(batch, of: [rows(batch.count)])
    #expect((0..<4).map { predictions.losses[$0].isFinite } == [true, true, false, false])
  }

  @Test("a version's classes are known by name, in whatever order they were found, also where it knows one alone")
  func byName() throws {
    var label = LabelSettings(path: "kind")
    (label.findsClasses, label.classesMax) = (true, 8)
    func spec(_ known: [String]) -> LearnerSpec {
      LearnerSpec(
        smallPipeline {
          ($0.model.task, $0.schema.label) = (.multiclass, label)
          $0.schema.label.classes = known
        })
    }
    let batch = FeatureBatch(capacity: 4, numberCount: 2, categoryCount: 1)
    batch.count = 4
    let state = Learner(spec: spec([]), batchCapacity: 4).encodeState()
    func losses(_ version: Int64, _ theirs: [String], own: [String]) throws -> [Float] {
      let source = FrozenVersions()
      source.call(
        [version], serving: version,
        new: [.init(number: version, model: try ModelParameters(spec: spec(theirs), state: state), classes: theirs)])
      let classes = FoundClasses(label, names: own, book: ClassBook(classes: own))
      let predictions = FrozenPredictions(source: source, task: .multiclass(8), batchCapacity: 4, classes: classes)
      for row in 0..<4 { batch.labels[row] = row < own.count ? Float(row) : .nan }
      predictions.refresh()
      predictions.predict(batch, of: [rows(batch.count)])
      return (0..<4).map { predictions.losses[$0] }
    }
    let same = try losses(1, ["a", "b", "c"], own: ["a", "b", "c"])
    let other = try losses(1, ["a", "b", "c"], own: ["c", "d", "a"])
    #expect(
      same[0] != same[1] && other[0] == same[2] && other[1] == FrozenPredictions.unasked && other[2] == same[0]
        && other[3] == FrozenPredictions.unasked)
    let alone = try losses(1, ["b"], own: ["a", "b", "c", "d"])
    #expect(alone[1] < 1e-6 && [alone[0], alone[2], alone[3]].allSatisfy { $0 == FrozenPredictions.unasked })
  }

  @Test("a version reads the learner's memory as it moves on, whatever encoders it has of it")
  func memory() throws {
    let spec = LearnerSpec(smallPipeline())
    func losses(_ plans: [any EncoderPlan], of learner: Learner, _ batch: FeatureBatch) throws -> [[Float]] {
      let source = FrozenVersions()
      let state = Learner(spec: spec, batchCapacity: 4, further: plans).encodeState()
      source.call(
        [3], serving: 3, new: [.init(number: 3, model: try ModelParameters(spec: spec, state: state, further: plans))])
      let predictions = FrozenPredictions(source: source, task: .binary, batchCapacity: 4, memory: learner.memory)
      return (0..<2).map { _ in
        predictions.refresh()
        predictions.predict(batch, of: [rows(batch.count)])
        learner.predict(batch)
        let local = learner.backward(batch)
        learner.absorbOwn()
        learner.remember(learner.facts)
        _ = learner.apply(labelled: local.labelled, lossSum: local.lossSum)
        return (0..<4).map { predictions.losses[$0] }
      }
    }
    let batch = FeatureBatch(capacity: 4, numberCount: 2, categoryCount: 1)
    batch.count = 4
    for row in 0..<4 {
      (batch.numbers[2 * row + 1], batch.categories[row], batch.labels[row]) = (0.5, UInt32(row + 1), Float(row % 2))
    }
    for plans in [KeyMemoryPlan.both, Array(KeyMemoryPlan.both.dropFirst())] {
      let found = try losses(plans, of: Learner(spec: spec, batchCapacity: 4, further: KeyMemoryPlan.both), batch)
      #expect(zip(found[0], found[1]).allSatisfy { $0 != $1 })
    }
    let without = try losses([], of: Learner(spec: spec, batchCapacity: 4, further: KeyMemoryPlan.both), batch)
    #expect(without[0] == without[1])
  }

  @Test("each version has losses of its own, none of what it has learned, and keeps its place while it is asked")
  func several() throws {
    let spec = LearnerSpec(smallPipeline())
    func version(_ number: Int64, learned: [Int64] = []) throws -> FrozenVersions.Version {
      let learner = Learner(spec: spec, batchCapacity: 4)
      let batch = FeatureBatch(capacity: 4, numberCount: 2, categoryCount: 1)
      batch.count = 4
      for row in 0..<4 { (batch.numbers[2 * row], batch.labels[row]) = (Float(row), Float(row % 2)) }
      for _ in 0..<number {
        learner.predict(batch)
        let local = learner.backward(batch)
        learner.absorbOwn()
        _ = learner.apply(labelled: local.labelled, lossSum: local.lossSum)
      }
      return FrozenVersions.Version(
        number: number, model: try ModelParameters(spec: spec, state: learner.encodeState()), learned: learned)
    }
    let source = FrozenVersions()
    source.call([4, 2, 9], serving: 2, new: [try version(2), try version(4, learned: [0, 101])])
    let predictions = FrozenPredictions(source: source, task: .binary, batchCapacity: 4)
    let batch = FeatureBatch(capacity: 4, numberCount: 2, categoryCount: 1)
    batch.count = 4
    for row in 0..<4 { (batch.numbers[2 * row], batch.labels[row]) = (0.5, Float(row % 2)) }
    predictions.refresh()
    // Of partition 1 version 4 has learned the first record.
    predictions.predict(batch, of: [rows(2), rows(2, of: 1, from: 100)])
    #expect(predictions.versions == [4, 2] && predictions.serving == 2)
    let losses = (0..<8).map { predictions.losses[$0] }
    #expect(losses[0].isFinite && losses[1].isFinite && losses[4..<8].allSatisfy(\.isFinite))
    #expect(losses[2..<4].allSatisfy { $0 == FrozenPredictions.unasked })
    #expect(losses[0] != losses[4])
    predictions.predict(batch, of: [rows(2), rows(2, of: 1, from: 101)])
    #expect((0..<4).allSatisfy { predictions.losses[$0].isFinite })
    // Without the one that all are held against there is nobody to ask.
    source.call([7, 2], serving: 2)
    predictions.refresh()
    #expect(predictions.versions.isEmpty)
  }
}
