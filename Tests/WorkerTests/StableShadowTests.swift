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
    shadow.offer(version: 3, predictor: try Predictor(spec: spec, state: state, batchCapacity: 4))
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
    shadow.offer(version: 3, predictor: try Predictor(spec: spec(["a", "b"]), state: state, batchCapacity: 4))
    let predictions = ShadowPredictions(source: shadow, task: .multiclass(8), batchCapacity: 4)
    let batch = FeatureBatch(capacity: 4, numberCount: 2, categoryCount: 1)
    batch.count = 4
    for row in 0..<4 { batch.labels[row] = Float(row) }
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
        version: version, predictor: try Predictor(spec: spec(theirs), state: state, batchCapacity: 4), classes: theirs)
      let classes = FoundClasses(label, names: own, book: ClassBook(classes: own))
      let predictions = ShadowPredictions(source: shadow, task: .multiclass(8), batchCapacity: 4, classes: classes)
      for row in 0..<4 { batch.labels[row] = row < own.count ? Float(row) : .nan }
      predictions.predict(batch)
      return (0..<4).map { predictions.losses[$0] }
    }
    let same = try losses(1, ["a", "b", "c"], own: ["a", "b", "c"])
    let other = try losses(1, ["a", "b", "c"], own: ["c", "d", "a"])
    #expect(same[0] != same[1] && other[0] == same[2] && other[1].isNaN && other[2] == same[0] && other[3].isNaN)
    let alone = try losses(1, ["b"], own: ["a", "b", "c", "d"])
    #expect(alone[1] < 1e-6 && [alone[0], alone[2], alone[3]].allSatisfy(\.isNaN))
  }
}
