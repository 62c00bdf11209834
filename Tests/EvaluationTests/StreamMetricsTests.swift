import Evaluation
import Foundation
import Testing
import Vocabulary

@Suite("Stream metrics")
struct StreamMetricsTests {
  @Test(
    "the area under the curve is within 1e-4 of the exact one",
    arguments: [
      // A usual model, a confident one, a nearly constant one, a rare label, a nearly perfect one, an uncalibrated one.
      (0.0, 1.5, 1.0), (0, 5, 1), (-1, 0.3, 1), (-6, 1.5, 1), (0, 6, 4), (1, 1, 0.3),
    ], [2_000, 50_000])
  func auc(model: (center: Double, spread: Double, trust: Double), count: Int) throws {
    for seed in 1...5 as ClosedRange<UInt64> {
      let predictions = Predictions.binary(
        count, center: model.center, spread: model.spread, trust: model.trust, seed: seed)
      guard predictions.labels.contains(1) else { continue }
      let auc = try #require(predictions.metrics(.binary).auc)
      #expect(abs(auc - predictions.exactAUC) <= 1e-4, "seed \(seed)")
    }
  }

  @Test("equal scores count half, and a curve needs both labels")
  func ties() {
    #expect(Predictions(outputs: [0.5, 0.5, 0.5], labels: [0, 1, 1]).metrics(.binary).auc == 0.5)
    #expect(Predictions(outputs: [0, 1, 1, 0], labels: [0, 1, 1, 0]).metrics(.binary).auc == 1)
    #expect(Predictions(outputs: [0.1, 0.2], labels: [1, 1]).metrics(.binary).auc == nil)
  }

  @Test("binary measures agree with values worked out by hand")
  func binary() throws {
    let metrics = Predictions(outputs: [0.75, 0.25, 0.75, 0.5], labels: [1, 0, 0, 0]).metrics(.binary)
    #expect(metrics.records == 4)
    let loss = (-2 * log(0.75) - log(0.25) - log(0.5)) / 4
    #expect(abs(try #require(metrics.meanLoss) - loss) < 1e-12)
    #expect(metrics.accuracy == 0.5)
    #expect(metrics.brier == (0.0625 + 0.0625 + 0.5625 + 0.25) / 4)
    // Bins: 0.75 twice with one positive, 0.25 and 0.5 with none.
    #expect(metrics.calibration == (0.5 + 0.25 + 0.5) / 4)
    #expect(metrics.positiveShare == 0.25)
    #expect(abs(try #require(metrics.priorLoss) - (-0.25 * log(0.25) - 0.75 * log(0.75))) < 1e-12)
    #expect(metrics.mae == nil && metrics.rmse == nil && metrics.rSquared == nil)
  }

  @Test("a calibrated model has almost no calibration error, an overconfident one has")
  func calibration() throws {
    let calibrated = Predictions.binary(50_000, center: 0, spread: 2, seed: 1).metrics(.binary)
    let overconfident = Predictions.binary(50_000, center: 0, spread: 2, trust: 0.4, seed: 1).metrics(.binary)
    #expect(try #require(calibrated.calibration) < 0.01)
    #expect(try #require(overconfident.calibration) > 0.1)
  }

  @Test("multiclass measures agree with values worked out by hand, and the first of equal outputs is the prediction")
  func multiclass() throws {
    let metrics = Predictions(outputs: [0.5, 0.25, 0.25, 0.25, 0.375, 0.375], labels: [0, 2])
      .metrics(.multiclass(3))
    #expect(abs(try #require(metrics.meanLoss) - (-log(0.5) - log(0.375)) / 2) < 1e-12)
    #expect(metrics.accuracy == 0.5)
    #expect(abs(try #require(metrics.priorLoss) - log(2)) < 1e-12)
    #expect(metrics.auc == nil && metrics.brier == nil && metrics.calibration == nil)
  }

  @Test("regression measures agree with values worked out by hand")
  func regression() throws {
    let metrics = Predictions(outputs: [1, 2, 3, 8], labels: [1, 2, 3, 4]).metrics(.regression)
    #expect(metrics.mae == 1)
    #expect(metrics.rmse == 2)
    #expect(metrics.meanLoss == 4)
    #expect(metrics.priorLoss == 1.25)
    #expect(abs(try #require(metrics.rSquared) - (1 - 16.0 / 5)) < 1e-12)
    #expect(metrics.accuracy == nil)
  }

  @Test("unlabelled records are skipped and non-finite outputs are only counted")
  func skipped() {
    let metrics = Predictions(outputs: [0.5, .nan, .infinity, 0.5], labels: [1, 1, .nan, .nan]).metrics(.binary)
    #expect(metrics.records == 1)
    #expect(metrics.nonFiniteOutputs == 2)
    #expect(metrics.meanLoss?.isFinite == true)
    #expect(StreamMetrics(task: .binary).meanLoss == nil)
    #expect(StreamMetrics(task: .regression).priorLoss == nil)
  }

  @Test("certainty in the wrong label costs a finite loss")
  func certainty() throws {
    let metrics = Predictions(outputs: [0, 1], labels: [1, 0]).metrics(.binary)
    #expect(abs(try #require(metrics.meanLoss) + log(EvaluationTask.probabilityFloor)) < 1e-6)
  }

  private func everyTask() -> [(EvaluationTask, Predictions)] {
    [
      (.binary, .binary(3000, center: 0, spread: 2, seed: 21)),
      (.multiclass(4), .multiclass(3000, classes: 4, seed: 22)), (.regression, .regression(3000, seed: 23)),
      (.poisson, .counts(3000, seed: 27)),
    ]
  }

  @Test("parts merged in order equal the whole")
  func merging() throws {
    for (task, predictions) in everyTask() {
      let whole = predictions.metrics(task)
      var merged = StreamMetrics(task: task)
      for start in stride(from: 0, to: 3000, by: 600) {
        merged.merge(predictions.metrics(task, rows: start..<start + 600))
      }
      #expect(merged.records == whole.records)
      #expect(merged.auc == whole.auc)
      #expect(merged.accuracy == whole.accuracy)
      for measure in [\StreamMetrics.meanLoss, \.brier, \.calibration, \.mae, \.rmse, \.rSquared, \.priorLoss] {
        guard let expected = whole[keyPath: measure] else { continue }
        #expect(abs(try #require(merged[keyPath: measure]) - expected) <= 1e-9 * max(1, abs(expected)))
      }
    }
  }

  @Test("come back from their bytes and from JSON as they were, and damage is refused without a trap")
  func coding() throws {
    let sketched: [(EvaluationTask, Predictions)] = [
      (.huber(delta: 3), .regression(3000, seed: 28)), (.quantile(level: 0.9), .regression(400, seed: 29)),
    ]
    for (task, predictions) in everyTask() + sketched {
      let metrics = predictions.metrics(task)
      var bytes: [UInt8] = []
      metrics.encode(into: &bytes)
      #expect(try StreamMetrics(decoding: bytes) == metrics)
      #expect(try JSONDecoder().decode(StreamMetrics.self, from: JSONEncoder().encode(metrics)) == metrics)
      #expect(throws: DamagedBytes.self) { try StreamMetrics(decoding: bytes + [0]) }
      for length in stride(from: 0, to: bytes.count, by: 7) {
        #expect(throws: DamagedBytes.self) { try StreamMetrics(decoding: Array(bytes[..<length])) }
      }
      var random = SplitMix64(seed: 24)
      for _ in 0..<500 {
        var altered = bytes
        altered[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
        _ = try? StreamMetrics(decoding: altered).meanLoss
      }
    }
  }

  @Test("a long binary stream takes less than 16 KiB, and the fullest histogram less than 64")
  func size() {
    func size(_ predictions: Predictions) -> Int {
      var bytes: [UInt8] = []
      predictions.metrics(.binary).encode(into: &bytes)
      return bytes.count
    }
    #expect(size(.binary(250_000, center: -1, spread: 1.5, seed: 25)) < 16 << 10)
    #expect(size(.binary(250_000, center: 0, spread: 30, seed: 26)) < 64 << 10)
  }
}
