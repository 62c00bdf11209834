import Evaluation
import Foundation
import Testing
import Vocabulary

@Suite("Metrics with wrong bits")
struct DamagedMetricsTests {
  static let tasks: [EvaluationTask] = [
    .binary, .multiclass(3), .regression, .huber(delta: 2), .quantile(level: 0.9), .poisson,
  ]

  private func metrics(_ task: EvaluationTask, weighted: Bool) -> StreamMetrics {
    var random = SplitMix64(seed: 2)
    var metrics = StreamMetrics(task: task)
    for _ in 0..<300 {
      let outputs = (0..<task.outputCount).map { _ in Float(random.nextUnit()) }
      let label = task == .multiclass(3) ? Float(random.next() % 3) : Float(random.next() % 2)
      let weight = weighted ? Float(random.nextUnit()) * 3 : 1
      metrics.add(outputs: outputs, labels: [label], weights: [weight], count: 1)
    }
    return metrics
  }

  /// Everything that is done with metrics.
  private func use(_ metrics: StreamMetrics, with good: StreamMetrics) {
    var metrics = metrics
    if metrics.task == good.task {
      var other = good
      other.merge(metrics)
      metrics.merge(good)
    }
    let numbers = [
      metrics.meanLoss, metrics.auc, metrics.accuracy, metrics.macroF1, metrics.brier, metrics.calibration,
      metrics.observedToPredicted, metrics.positiveShare, metrics.mae, metrics.rmse, metrics.rSquared,
      metrics.priorLoss,
    ]
    #expect(numbers.count == 12)
    #expect(metrics.classCounts?.allSatisfy { $0 >= 0 } ?? true)
    var bytes: [UInt8] = []
    metrics.encode(into: &bytes)
    #expect(!bytes.isEmpty)
  }

  @Test("are refused, or used like any others: nothing traps", arguments: tasks, [false, true])
  func flips(task: EvaluationTask, weighted: Bool) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("Metrics with wrong bits: seed \(seed)")
    var random = SplitMix64(seed: seed)
    let good = metrics(task, weighted: weighted)
    var compact: [UInt8] = []
    good.encode(into: &compact)
    let text = Array(try JSONEncoder().encode(good))
    var (refused, taken) = (0, 0)
    for attempt in 0..<600 {
      var bad = attempt % 2 == 0 ? compact : text
      for _ in 0...(random.next() % 3) {
        let place = Int(random.next() % UInt64(bad.count))
        if attempt % 2 == 1 {
          bad[place] = Array("0123456789-.e9".utf8)[Int(random.next() % 14)]
        } else if random.next() % 2 == 0 {
          bad[place] ^= 1 << UInt8(random.next() % 8)
        } else {
          for byte in place..<min(place + 8, bad.count) { bad[byte] = 0xFF >> UInt8(random.next() % 2) }
        }
      }
      do {
        let found =
          try attempt % 2 == 0
          ? StreamMetrics(decoding: bad) : JSONDecoder().decode(StreamMetrics.self, from: Data(bad))
        use(found, with: good)
        taken += 1
      } catch { refused += 1 }
    }
    #expect(refused > 0 && taken > 0, "\(refused) refused, \(taken) taken, seed \(seed)")
  }

  @Test("weights beyond all streams are refused, and so are classes that are not the task's")
  func bounds() throws {
    var bytes: [UInt8] = []
    let good = metrics(.multiclass(3), weighted: true)
    good.encode(into: &bytes)
    var damaged = 0
    for place in 0..<(bytes.count - 8) {
      var bad = bytes
      bad.replaceSubrange(place..<(place + 8), with: withUnsafeBytes(of: 1e300.bitPattern.littleEndian, Array.init))
      if let found = try? StreamMetrics(decoding: bad) { use(found, with: good) } else { damaged += 1 }
    }
    #expect(damaged > 10)
    let text = String(decoding: try JSONEncoder().encode(good), as: UTF8.self)
    let other = text.replacing("{\"multiclass\":{\"_0\":3}}", with: "{\"multiclass\":{\"_0\":5}}")
    #expect(other != text)
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(StreamMetrics.self, from: Data(other.utf8)) }
    #expect(try JSONDecoder().decode(StreamMetrics.self, from: Data(text.utf8)) == good)
  }
}
