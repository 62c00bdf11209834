import Confinement
import Evaluation
import Foundation
import Ingest
import Learning
import Pipelines
import Tensors
import Vocabulary

/// A file of records learned online: each batch is predicted first and then learned, labels at once.
struct StreamBench: Sendable {
  let path: String
  let schema: FeatureSchema
  let spec: LearnerSpec
  let batch: Int
  /// 1: decode and learn in turn; 2: decode on a thread of its own.
  let threads: Int
  var clock = BenchClock.wall
  /// Of records with weights: else they count for what is measured alone.
  var learnsWeights = true

  /// What one pass over the file gave.
  struct Pass: Sendable {
    let records: Int
    let seconds: Double
    let metrics: StreamMetrics
    let parameters: [UInt8]
  }

  /// One pass by a new learner.
  func pass(threads: Int, kernels: Kernels = .active, recordsMax: Int = .max) throws -> Pass {
    let run = StreamLearner(spec: spec, batch: batch, learnsWeights: learnsWeights, kernels: kernels)
    let seconds = try clock.measure { try learn(run, threads: threads, recordsMax: recordsMax) }
    return Pass(
      records: run.records, seconds: seconds, metrics: run.metrics, parameters: run.learner.parametersDigestInput)
  }

  private func learn(_ run: StreamLearner, threads: Int, recordsMax: Int) throws {
    if threads == 1 {
      let file = try RecordFile(path: path, schema: schema, task: .binary)
      let rows = makeBatch()
      while run.records < recordsMax, try file.fill(rows) > 0 { try run.learn(rows) }
    } else {
      let ring = BatchRing(count: 64, make: makeBatch)
      let (path, schema) = (path, schema)
      let reader = Thread {
        do {
          let file = try RecordFile(path: path, schema: schema, task: .binary)
          ring.produce(file.fill)
        } catch { ring.produce { _ in throw error } }
      }
      reader.start()
      try ring.consume(run.learn)
    }
  }

  /// The rates of `samples` passes over the whole file, in records a second; all leave the same bits.
  func measure(samples: Int) throws -> (rates: [Double], metrics: StreamMetrics) {
    let first = try pass(threads: 1)
    guard first.metrics.nonFiniteOutputs == 0 else { throw BenchError("an output was not finite") }
    let passes = try (0..<samples).map { _ in
      let pass = try pass(threads: threads)
      guard pass.parameters == first.parameters else { throw BenchError("two passes learned different models") }
      return pass
    }
    return (passes.map { Double($0.records) / $0.seconds }, first.metrics)
  }

  /// The first records against Foundation's parser, and the first steps against the scalar kernels.
  func prove() throws {
    let rows = makeBatch()
    let file = try RecordFile(path: path, schema: schema, task: .binary)
    var lines = try Data(contentsOf: URL(filePath: path), options: .alwaysMapped).prefix(1 << 18)
      .split(separator: 0x0A).dropLast()[...]
    // A compressed file has no lines to compare with.
    if lines.first?.first != UInt8(ascii: "{") { lines = [] }
    while lines.count >= batch, try file.fill(rows) > 0 {
      for row in 0..<rows.count { try prove(rows, row: row, line: lines.removeFirst()) }
    }
    guard let scalar = Kernels(level: .scalar) else { throw BenchError("no scalar kernels") }
    let passes = try [scalar, .active].map { try pass(threads: 1, kernels: $0, recordsMax: 1000).parameters }
    guard passes[0] == passes[1] else { throw BenchError("the kernels differ from the scalar reference") }
  }

  private func prove(_ rows: FeatureBatch, row: Int, line: Data) throws {
    let record = try JSONSerialization.jsonObject(with: line) as? [String: Any] ?? [:]
    func value(_ path: String) -> Any? {
      FieldPath(path)?.keys.reduce(record as Any?) { ($0 as? [String: Any])?[$1] }
    }
    for (column, feature) in schema.numericFeatures.enumerated() {
      let found = rows.numbers[row * rows.numberCount + column]
      var expected = (value(feature.path) as? NSNumber)?.doubleValue ?? .nan
      if let clip = feature.clip { expected = min(max(expected, clip.lowerBound), clip.upperBound) }
      guard found.isNaN ? expected.isNaN : found == Float(expected) else {
        throw BenchError("\(feature.name) is \(found), not \(expected)")
      }
    }
    for (column, feature) in schema.categoryFeatures.enumerated() where feature.values.isEmpty {
      let found = rows.categories[row * rows.categoryCount + column]
      let text = value(feature.path).map { ($0 as? String) ?? "\($0)" }
      guard found == text.map({ bucket(ofCategory: $0, buckets: feature.buckets) }) ?? 0 else {
        throw BenchError("\(feature.name) is in row \(found)")
      }
    }
  }

  @Sendable private func makeBatch() -> FeatureBatch {
    spec.makeBatch(capacity: batch, weighsRecords: schema.weight != nil)
  }

  /// The report of the rate, with what the predictions were worth among its parameters.
  func report(workload: String, samples: Int, _ params: [String: String] = [:]) throws -> BenchReport {
    try prove()
    let (rates, metrics) = try measure(samples: samples)
    var params = params
    params["batch"] = "\(batch)"
    params["threads"] = "\(threads)"
    params["clock"] = clock.rawValue
    params["log_loss"] = metrics.meanLoss.map { String(format: "%.5f", $0) }
    params["auc"] = metrics.auc.map { String(format: "%.5f", $0) }
    if let weight = metrics.weightSum { params["weight"] = String(format: "%.1f", weight) }
    params["observed_to_predicted"] = metrics.observedToPredicted.map { String(format: "%.4f", $0) }
    return BenchReport(workload: workload, params: params, samples: rates, unit: "records/s")
  }
}

/// A learner that is tested on each batch before it learns it. One thread at a time.
private final class StreamLearner {
  let learner: Learner
  private(set) var metrics = StreamMetrics(task: .binary)
  private(set) var records = 0
  private let learnsWeights: Bool

  init(spec: LearnerSpec, batch: Int, learnsWeights: Bool, kernels: Kernels) {
    self.learnsWeights = learnsWeights
    learner = Learner(spec: spec, batchCapacity: batch, kernels: kernels)
  }

  func learn(_ rows: FeatureBatch) throws {
    let weights = rows.weights.map { Array(UnsafeBufferPointer(start: $0, count: rows.count)) }
    if !learnsWeights { rows.weights?.update(repeating: 1, count: rows.count) }
    let update = trainStep(learner, rows)
    guard update.isFinite else { throw BenchError("a step was not finite") }
    // What was predicted before the step.
    if let outputs = learner.outputs.baseAddress {
      metrics.add(outputs: outputs, labels: rows.labels, weights: weights, count: rows.count)
    }
    records += rows.count
  }
}
