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

  @Test("macro-F1 is the mean over the classes that were seen, worked out by hand")
  func macroF1() throws {
    let task = EvaluationTask.multiclass(4)
    func metrics(_ pairs: [(label: Float, predicted: Int)]) -> StreamMetrics {
      let outputs = pairs.flatMap { pair in (0..<4).map { Float($0 == pair.predicted ? 0.7 : 0.1) } }
      return Predictions(outputs: outputs, labels: pairs.map(\.label)).metrics(task)
    }
    // Class 0: 2 of 2 found, 1 false; class 1: 1 of 2 found; class 2: none of 1; class 3: never seen.
    let mixed = metrics([(0, 0), (0, 0), (1, 1), (1, 0), (2, 1)])
    let expected = (2.0 * 2 / (2 + 3) + 2.0 * 1 / (2 + 2) + 0) / 3
    #expect(abs(try #require(mixed.macroF1) - expected) < 1e-15)
    #expect(metrics([(1, 1), (1, 1)]).macroF1 == 1)
    #expect(metrics([]).macroF1 == nil)
    var merged = metrics([(0, 0), (0, 0)])
    merged.merge(metrics([(1, 1), (1, 0), (2, 1)]))
    #expect(merged.macroF1 == mixed.macroF1)
    var bytes: [UInt8] = []
    mixed.encode(into: &bytes)
    #expect(try StreamMetrics(decoding: bytes) == mixed)
  }

  @Test("multiclass metrics of an older program load; F1 is counted from there on")
  func olderMulticlass() throws {
    // Written by the program before F1: 400 records of three classes.
    let hexadecimal = "01020390030040d423d8690e7b40000000000000000003cc016361b701"
    let bytes = stride(from: 0, to: hexadecimal.count, by: 2).compactMap { place in
      UInt8(hexadecimal.dropFirst(place).prefix(2), radix: 16)
    }
    var metrics = try StreamMetrics(decoding: bytes)
    #expect(metrics.records == 400)
    #expect(abs(try #require(metrics.meanLoss) - 1.0822521022318778) < 1e-12)
    #expect(metrics.accuracy == 183.0 / 400)
    #expect(metrics.macroF1 == nil)
    metrics.add(outputs: [0.8, 0.1, 0.1], labels: [0], count: 1)
    #expect(metrics.macroF1 == 1)
    #expect(metrics.records == 401)
  }

  @Test("observed over predicted positives is 1 for a model that is right on average")
  func observedToPredicted() {
    #expect(Predictions(outputs: [0.25, 0.75], labels: [0, 1]).metrics(.binary).observedToPredicted == 1)
    #expect(Predictions(outputs: [0.25, 0.25], labels: [1, 0]).metrics(.binary).observedToPredicted == 2)
    #expect(Predictions(outputs: [0], labels: [0]).metrics(.binary).observedToPredicted == nil)
  }

  @Test(
    "measures are finite or absent: nothing seen, one class, a constant label, an overflow",
    arguments: [
      (EvaluationTask.binary, [], []), (.binary, [1, 1], [0, 0]), (.binary, [0.5], [1]),
      (.regression, [3, 3], [3, 3]), (.regression, [3e38, -3e38], [-3e38, 3e38]), (.poisson, [1, 2], [0, 0]),
      (.huber(delta: 1), [1], [1]), (.multiclass(2), [1, 0], [0]),
    ] as [(EvaluationTask, [Float], [Float])])
  func finiteMeasures(task: EvaluationTask, outputs: [Float], labels: [Float]) throws {
    let measures = Measures(Predictions(outputs: outputs, labels: labels).metrics(task))
    let figures = try JSONEncoder().encode(measures)
    let read = try JSONSerialization.jsonObject(with: figures) as? [String: Double]
    #expect(read?["records"] == Double(labels.count))
    #expect(measures.records == 0 || measures.loss != nil)
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
    #expect(
      metrics.calibrationBands == [
        CalibrationBand(from: 0.25, to: 0.3, records: 1, predicted: 0.25, observed: 0),
        CalibrationBand(from: 0.5, to: 0.55, records: 1, predicted: 0.5, observed: 0),
        CalibrationBand(from: 0.75, to: 0.8, records: 2, predicted: 0.75, observed: 0.5),
      ])
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
    for metrics in [calibrated, overconfident] {
      let gaps = metrics.calibrationBands.reduce(0) { $0 + $1.records * $1.gap } / metrics.weight
      #expect(abs(gaps - (metrics.calibration ?? 0)) < 1e-12)
    }
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
