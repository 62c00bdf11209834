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
}
