import Evaluation
import Foundation
import Testing
import Vocabulary

@Suite("Losses of values")
struct ValueLossTests {
  static let tasks: [EvaluationTask] = [
    .huber(delta: 4), .huber(delta: 1000), .quantile(level: 0.5), .quantile(level: 0.02), .quantile(level: 0.97),
    .poisson,
  ]

  private func predictions(_ task: EvaluationTask, _ count: Int) -> Predictions {
    task == .poisson ? .counts(count, seed: 3) : .regression(count, seed: 3)
  }

  @Test("agree with values worked out by hand, in the label's unit")
  func byHand() throws {
    let values = Predictions(outputs: [1, 2, 3, 8], labels: [1, 3, 3, 4])
    #expect(values.metrics(.huber(delta: 1)).meanLoss == (0.5 + 3.5) / 4)
    #expect(values.metrics(.quantile(level: 0.75)).meanLoss == (0.75 + 0.25 * 4) / 4)
    let counts = Predictions(outputs: [2, 3], labels: [4, 0]).metrics(.poisson)
    let deviance: Double = 4 * log(2.0) + 1
    #expect(abs(try #require(counts.meanLoss) - deviance) < 1e-12)
  }

  @Test("mean and root mean squared error are told whatever the loss is", arguments: tasks)
  func otherMeasures(task: EvaluationTask) throws {
    let predictions = predictions(task, 900)
    let (found, squared) = (predictions.metrics(task), predictions.metrics(.regression))
    #expect(found.mae == squared.mae)
    #expect(found.rmse == squared.rmse)
    #expect(found.rSquared == squared.rSquared)
    #expect(found.accuracy == nil && found.auc == nil)
    #expect(StreamMetrics(task: task).priorLoss == nil)
  }

  /// The least mean loss of a constant, by trying every label and every point in between.
  private func exactPrior(_ task: EvaluationTask, _ labels: [Float]) -> Double {
    let sorted = labels.sorted()
    let (low, high) = (Double(sorted[0]), Double(sorted[sorted.count - 1]))
    let tried = sorted.map(Double.init) + (1..<4000).map { low + (high - low) * Double($0) / 4000 }
    return tried.map { constant -> Double in
      var output = Float(constant)
      return labels.reduce(0) { $0 + task.loss(outputs: &output, label: $1) } / Double(labels.count)
    }.min() ?? .nan
  }

  @Test("the best constant's loss is known from a sketch, whole or merged", arguments: tasks)
  func prior(task: EvaluationTask) throws {
    let predictions = predictions(task, 3000)
    let exact = exactPrior(task, predictions.labels)
    var merged = StreamMetrics(task: task)
    for start in stride(from: 0, to: 3000, by: 500) {
      merged.merge(predictions.metrics(task, rows: start..<start + 500))
    }
    for metrics in [predictions.metrics(task), merged] {
      let found = try #require(metrics.priorLoss)
      #expect(abs(found - exact) <= 0.01 * exact, "\(found), \(exact)")
    }
  }

  @Test("sorted labels and labels that are all the same are sketched as well")
  func hardStreams() throws {
    let rising = Predictions(outputs: [Float](repeating: 0, count: 5000), labels: (0..<5000).map { Float($0) })
    let found = try #require(rising.metrics(.quantile(level: 0.9)).priorLoss)
    #expect(abs(found / (0.9 * 0.1 / 2 * 5000) - 1) < 0.01)
    let constant = Predictions(outputs: [Float](repeating: 0, count: 5000), labels: [Float](repeating: 7, count: 5000))
    #expect(constant.metrics(.huber(delta: 2)).priorLoss == 0)
  }

  @Test("a long stream is sketched in less than 10 KiB")
  func size() {
    var bytes: [UInt8] = []
    Predictions.regression(200_000, seed: 4).metrics(.quantile(level: 0.5)).encode(into: &bytes)
    #expect(bytes.count < 10 << 10)
  }
}
