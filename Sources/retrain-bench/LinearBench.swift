import Foundation
import Learning
import Pipelines
import Vocabulary

extension Workload {
  /// The linear model learning online from a text file, decode included: records a second.
  static let linear = Workload(
    name: "linear",
    summary: "learn a linear model from a file: records a second",
    flags: [
      BenchFlag("threads", "1|2", "1", "With two, one reads and one learns."), .streamBatch,
      BenchFlag("rows", "n", "300000", "Records that are made up where no file is given."),
      BenchFlag("samples", "n", "5", "Runs to measure."), BenchFlag("rate", "number", "0.2", "The learning rate."),
      BenchFlag("file", "path", "", "The records; without it made up."),
      BenchFlag("weight", "path", "", "Where a record of the file says how much it counts; without it each counts 1."),
      BenchFlag(
        "weights", "learned|measured", "learned", "Whether weights count for the learner, or for the log loss alone."),
      .clock,
    ],
    run: runLinear)
}

@Sendable private func runLinear(_ options: inout BenchOptions) throws {
  let threads = try options.int("threads")
  let batch = try options.int("batch")
  let rows = try options.int("rows")
  let samples = try options.int("samples")
  let rate = try options.double("rate")
  var path = options.string("file")
  let weight = options.string("weight")
  let weights = options.string("weights")
  let clock = try BenchClock(flag: options.string("clock"))
  guard ["learned", "measured"].contains(weights) else { throw BenchError("--weights is learned or measured") }
  guard threads <= 2 else { throw BenchError("--threads is 1 or 2") }
  var made: URL?
  if path.isEmpty {
    let url = FileManager.default.temporaryDirectory.appending(path: "retrain-bench-linear-\(getpid()).jsonl")
    try LinearStream(rows: rows).write(to: url)
    made = url
    path = url.path(percentEncoded: false)
  }
  defer { if let made { try? FileManager.default.removeItem(at: made) } }
  var schema = LinearStream.schema
  if !weight.isEmpty { schema.weight = weight }
  let bench = StreamBench(
    path: path, schema: schema, spec: LinearStream.spec(learningRate: Float(rate)), batch: batch,
    threads: threads, clock: clock, learnsWeights: weights == "learned")
  try bench.report(workload: "linear", samples: samples).emit()
}

/// Twenty numbers `n0` … and ten categories `c0` …, the label by the odds of a linear rule.
struct LinearStream {
  static let numbers = 20
  static let categories = 10
  static let values = 1000
  let rows: Int

  static let schema: FeatureSchema = {
    var features = (0..<numbers).map { FeatureSettings(name: "n\($0)", type: .float) }
    for index in 0..<categories {
      var feature = FeatureSettings(name: "c\(index)", type: .category)
      feature.buckets = 1 << 14
      features.append(feature)
    }
    return FeatureSchema(label: LabelSettings(path: "y"), features: features)
  }()

  static func spec(learningRate: Float) -> LearnerSpec {
    let optimizer = OptimizerSpec(kind: .adagrad, learningRate: learningRate)
    return LearnerSpec(
      numbers: (0..<numbers).map { NumberInput(name: "n\($0)") },
      categories: (0..<categories).map { CategoryInput(name: "c\($0)", buckets: 1 << 14, dimension: 1) },
      hidden: [], kind: .linear, task: .binary, optimizer: optimizer, embeddingOptimizer: optimizer,
      clipping: GradientClipping(globalNorm: nil, value: nil))
  }

  func write(to url: URL) throws {
    var random = SplitMix64(seed: 30)
    let slopes = (0..<Self.numbers).map { _ in random.nextNearlyNormal() * 0.3 }
    let levels = (0..<Self.categories * Self.values).map { _ in random.nextNearlyNormal() * 0.5 }
    try Data().write(to: url)
    let handle = try FileHandle(forWritingTo: url)
    defer { try? handle.close() }
    var text = ""
    for row in 0..<rows {
      var score: Float = 0
      text += "{"
      for (index, slope) in slopes.enumerated() {
        let value = random.nextNearlyNormal()
        score += value * slope
        text += "\"n\(index)\":\(String(format: "%.4f", value)),"
      }
      for index in 0..<Self.categories {
        // Few values are frequent, many are rare.
        let value = Int(pow(random.nextUnit(), 3) * Double(Self.values))
        score += levels[index * Self.values + value]
        text += "\"c\(index)\":\"v\(value)\","
      }
      text += "\"y\":\(random.nextUnit() < 1 / (1 + exp(-Double(score))) ? 1 : 0)}\n"
      if text.utf8.count > 1 << 20 || row == rows - 1 {
        try handle.write(contentsOf: Data(text.utf8))
        text = ""
      }
    }
  }
}
