import Learning
import Pipelines
import Tensors
import Testing

@Suite("Absence as an input")
struct AbsenceTests {
  /// The log loss of the last hundred of 400 steps on a field that is 1 or nothing, and whose absence is the label.
  private func loss(_ feature: String) throws -> Float {
    let pipeline = try PipelineParser.parse(
      text: """
        name: absence
        source: { topic: absence }
        schema: { label: { path: y }, features: [{ name: a, type: float\(feature) }] }
        model: { task: binary, hidden: [8] }
        training: { optimizer: { kind: adam, learning_rate: 0.01 } }
        """, fileName: "absence.yaml"
    ) { _ in nil }
    let learner = Learner(spec: LearnerSpec(pipeline), batchCapacity: 32)
    let batch = learner.spec.makeBatch(capacity: 32)
    batch.count = 32
    var losses = [Float](repeating: 0, count: 32)
    var sum: Float = 0
    for step in 0..<400 {
      for row in 0..<32 {
        let isThere = (step * 32 + row) * 7 % 5 < 3
        batch.numbers[row] = isThere ? 1 : .nan
        batch.labels[row] = isThere ? 0 : 1
        batch.keys[row] = UInt64(step * 32 + row)
      }
      learner.predict(batch)
      learner.losses(batch, into: &losses)
      if step >= 300 { sum += losses.reduce(0, +) / 3200 }
      let local = learner.backward(batch)
      learner.absorbOwn()
      _ = learner.apply(labelled: local.labelled, lossSum: local.lossSum)
    }
    return sum
  }

  @Test("a field that is there or not is learned by default; without the indicator it carries nothing")
  func presentOrAbsent() throws {
    #expect(try loss("") < 0.05)
    #expect(try loss(", missing_indicator: false") > 0.6)
  }
}
