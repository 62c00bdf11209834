import Learning
import Pipelines
import Tensors
import Testing

/// The quickstart's way of learning under a label that is a value: a newcomer's first own pipeline.
@Suite("A descent on the rows of a value")
struct DescentBoundTests {
  private static let seed: UInt64 = 11

  private func pipeline(_ features: Int, _ training: String) throws -> Pipeline {
    let categories = (0..<features).map { "{ name: c\($0), type: category, buckets: 4, own_rows: 0, dimension: 8 }" }
    return try PipelineParser.parse(
      text: """
        name: values
        source: { topic: values }
        schema: { label: { path: y }, features: [{ name: a, type: float }, { name: b, type: float }, \(categories.joined(separator: ", "))] }
        model: { task: regression, hidden: [64, 32], activation: gelu, wide: true, seed: 7 }
        training: { optimizer: { kind: adam, learning_rate: 0.001 }, clip_global_norm: 5, \(training) }
        """, fileName: "values.yaml", environment: { _ in nil })
  }

  /// R² of 4,000 records, each answered before it is learned, of the last thousand.
  private func rSquared(_ spec: LearnerSpec, rows: Int) throws -> Double {
    let learner = Learner(spec: spec, batchCapacity: rows)
    var batches = SyntheticBatches(spec, seed: Self.seed)
    var (errors, squares, sum, count) = (0.0, 0.0, 0.0, 0.0)
    for first in stride(from: 0, to: 4000, by: rows) {
      let batch = batches.next(rows: rows)
      learner.predict(batch)
      let outputs = Array(learner.outputs)
      let local = learner.backward(batch)
      learner.absorbOwn()
      #expect(learner.apply(labelled: local.labelled, lossSum: local.lossSum).isFinite)
      guard first >= 3000 else { continue }
      for row in 0..<rows {
        let label = Double(batch.labels[row])
        errors += (Double(outputs[row]) - label) * (Double(outputs[row]) - label)
        (squares, sum, count) = (squares + label * label, sum + label, count + 1)
      }
    }
    return 1 - errors / (squares - sum * sum / count)
  }

  @Test("learns with the quickstart's rate, which without the bound diverges", arguments: [2, 8, 25], [4, 16])
  func rate(features: Int, rows: Int) throws {
    let pipeline = try pipeline(features, "embedding_optimizer: { kind: sgd, learning_rate: 1 }")
    var spec = LearnerSpec(pipeline)
    #expect(spec.embeddingOptimizer.learningRate == 1 / Float(features + 1))
    let bounded = try rSquared(spec, rows: rows)
    #expect(bounded > 0.3, "R² \(bounded), seed \(Self.seed)")
    guard features > 8 else { return }
    spec.embeddingOptimizer.learningRate = 1
    let unbounded = try rSquared(spec, rows: rows)
    #expect(unbounded < bounded - 0.2, "R² \(unbounded), seed \(Self.seed)")
  }

  @Test("the default of the rows learns as well", arguments: [4, 16])
  func usual(rows: Int) throws {
    let found = try rSquared(LearnerSpec(try pipeline(8, "linger: 20ms")), rows: rows)
    #expect(found > 0.3, "R² \(found), seed \(Self.seed)")
  }
}
