import Evaluation
import Learning
import Pipelines
import Tensors
import Testing
import Worker

@Suite("Stable shadow")
struct StableShadowTests {
  @Test("each generation's step thread finds the stable version, not only the first")
  func outlivesGeneration() throws {
    let spec = LearnerSpec(smallPipeline())
    let shadow = StableShadow()
    let state = Learner(spec: spec, batchCapacity: 4).encodeState()
    shadow.offer(version: 3, model: try ModelParameters(spec: spec, state: state))
    for _ in 1...2 {
      let predictions = ShadowPredictions(source: shadow, task: .binary, batchCapacity: 4)
      #expect(predictions.version == 0)
      let batch = FeatureBatch(capacity: 4, numberCount: 2, categoryCount: 1)
      batch.count = 2
      for row in 0..<2 {
        batch.numbers[2 * row] = 0.5
        batch.numbers[2 * row + 1] = -0.5
        batch.categories[row] = 1
        batch.labels[row] = row == 0 ? 1 : .nan
      }
      predictions.refresh()
      predictions.predict(batch)
      #expect(predictions.version == 3)
      #expect(predictions.losses[0].isFinite)
      #expect(predictions.losses[1].isNaN)
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
    let shadow = StableShadow()
    shadow.offer(version: 3, model: try ModelParameters(spec: spec(["a", "b"]), state: state))
    let predictions = ShadowPredictions(source: shadow, task: .multiclass(8), batchCapacity: 4)
    let batch = FeatureBatch(capacity: 4, numberCount: 2, categoryCount: 1)
    batch.count = 4
    for row in 0..<4 { batch.labels[row] = Float(row) }
    predictions.refresh()
    predictions.predict(batch)
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
      let shadow = StableShadow()
      shadow.offer(
        version: version, model: try ModelParameters(spec: spec(theirs), state: state), classes: theirs)
      let classes = FoundClasses(label, names: own, book: ClassBook(classes: own))
      let predictions = ShadowPredictions(source: shadow, task: .multiclass(8), batchCapacity: 4, classes: classes)
      for row in 0..<4 { batch.labels[row] = row < own.count ? Float(row) : .nan }
      predictions.refresh()
      predictions.predict(batch)
      return (0..<4).map { predictions.losses[$0] }
    }
    let same = try losses(1, ["a", "b", "c"], own: ["a", "b", "c"])
    let other = try losses(1, ["a", "b", "c"], own: ["c", "d", "a"])
    #expect(same[0] != same[1] && other[0] == same[2] && other[1].isNaN && other[2] == same[0] && other[3].isNaN)
    let alone = try losses(1, ["b"], own: ["a", "b", "c", "d"])
    #expect(alone[1] < 1e-6 && [alone[0], alone[2], alone[3]].allSatisfy(\.isNaN))
  }

  @Test("a version reads the learner's memory as it moves on, whatever encoders it has of it")
  func memory() throws {
    let spec = LearnerSpec(smallPipeline())
    func losses(_ plans: [any EncoderPlan], of learner: Learner, _ batch: FeatureBatch) throws -> [[Float]] {
      let shadow = StableShadow()
      let state = Learner(spec: spec, batchCapacity: 4, further: plans).encodeState()
      shadow.offer(version: 3, model: try ModelParameters(spec: spec, state: state, further: plans))
      let predictions = ShadowPredictions(source: shadow, task: .binary, batchCapacity: 4, memory: learner.memory)
      return (0..<2).map { _ in
        predictions.refresh()
        predictions.predict(batch)
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
}
