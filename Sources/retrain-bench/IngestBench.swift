import Foundation
import Ingest
import Pipelines
import Tensors
import Vocabulary

extension Workload {
  /// JSON records of 64 numbers decoded into batches of 256 on one thread: records a second.
  static let ingest = Workload(
    name: "ingest",
    summary: "decode JSON records of 64 numbers into batches: records a second",
    flags: [
      BenchFlag("shape", "flat|nested", "flat", "Whether the numbers are at the root or in an object."),
      BenchFlag("digits", "n", "6", "Digits of a number, 1 to 17."),
      BenchFlag("records", "n", "20000", "Records that are made up."),
      BenchFlag("samples", "n", "15", "Rounds to measure."),
      BenchFlag("file", "path", "", "Records from a file instead."), .clock,
    ]
  ) { options in
    let shape = options.string("shape")
    let digits = try options.int("digits")
    let count = try options.int("records")
    let samples = try options.int("samples")
    let file = options.string("file")
    let clock = try BenchClock(flag: options.string("clock"))
    guard ["flat", "nested"].contains(shape) else { throw BenchError("--shape is flat or nested") }
    guard (1...17).contains(digits) else { throw BenchError("--digits is 1 to 17") }
    let records =
      try file.isEmpty
      ? IngestBench.generated(count: count, isNested: shape == "nested", digits: digits)
      : IngestBench.lines(of: file)
    let bench = IngestBench(records: records, isNested: shape == "nested")
    try bench.prove()
    try BenchReport(
      workload: "ingest",
      params: [
        "shape": shape, "digits": file.isEmpty ? "\(digits)" : "file", "numbers": "\(IngestBench.width)",
        "bytes": "\(records.map(\.count).reduce(0, +) / records.count)", "simd": RecordDecoder.implementation,
        "threads": "1", "clock": clock.rawValue,
      ], samples: bench.measure(samples: samples, clock: clock), unit: "records/s"
    ).emit()
  }
}

/// Records whose fields are `f00` … `f63`, at the root or in the object `x`.
struct IngestBench {
  static let width = 64
  static let batchRows = 256

  let records: [[UInt8]]
  let decoder: RecordDecoder
  private let isNested: Bool
  private let time = UnsafeMutablePointer<Double>.allocate(capacity: 1)
  private let batch = FeatureBatch(capacity: batchRows, numberCount: width, categoryCount: 0)

  static func name(_ column: Int) -> String { column < 10 ? "f0\(column)" : "f\(column)" }

  init(records: [[UInt8]], isNested: Bool) {
    self.records = records
    self.isNested = isNested
    let features = (0..<Self.width).map {
      FeatureSettings(name: Self.name($0), path: (isNested ? "x." : "") + Self.name($0), type: .float)
    }
    decoder = RecordDecoder(
      schema: FeatureSchema(label: LabelSettings(path: "y"), features: features), task: .binary,
      recordBytesMax: 1_000_000)
  }

  /// Numbers within ±100 with so many digits, from a fixed seed.
  static func generated(count: Int, isNested: Bool, digits: Int) -> [[UInt8]] {
    var random = SplitMix64(seed: 64)
    return (0..<count).map { index in
      let fields = (0..<width).map { column in
        "\"\(name(column))\":" + String(format: "%.\(digits)g", (random.nextUnit() - 0.5) * 200)
      }.joined(separator: ",")
      let body = isNested ? "\"x\":{\(fields)}" : fields
      return Array("{\(body),\"y\":\(index % 2)}".utf8)
    }
  }

  static func lines(of file: String) throws -> [[UInt8]] {
    let data = try Data(contentsOf: URL(filePath: file))
    let records = data.split(separator: 0x0A).map { Array($0) }
    guard !records.isEmpty else { throw BenchError("\(file) has no records") }
    return records
  }

  /// Every value of every tenth record against Foundation's parser.
  func prove() throws {
    for (index, record) in records.enumerated() where index % 10 == 0 {
      batch.count = 0
      try decode(record, row: 0)
      let object = try JSONSerialization.jsonObject(with: Data(record)) as? [String: Any] ?? [:]
      let fields = isNested ? object["x"] as? [String: Any] ?? [:] : object
      for column in 0..<Self.width {
        let expected = (fields[Self.name(column)] as? NSNumber)?.doubleValue
        guard let expected, Float(expected) == batch.numbers[column] else {
          throw BenchError(
            "record \(index): \(Self.name(column)) is \(batch.numbers[column]), not \(expected ?? .nan)"
          )
        }
      }
      guard (object["y"] as? NSNumber)?.floatValue == batch.labels[0] else {
        throw BenchError("record \(index): label")
      }
    }
  }

  private func decode(_ record: [UInt8], row: Int) throws {
    let slot = ExampleSlot(row: row, of: batch, eventTime: time)
    let outcome: DecodeOutcome = record.withUnsafeBytes { decoder.decode($0, into: slot) }
    if case .rejected(let reason, _) = outcome { throw BenchError("a record was rejected as \(reason.rawValue)") }
  }

  /// Records a second, over all records, `samples` times after one round of warming up.
  func measure(samples: Int, clock: BenchClock) throws -> [Double] {
    var rates: [Double] = []
    for round in 0...samples {
      let seconds = try clock.measure {
        for (index, record) in records.enumerated() { try decode(record, row: index % Self.batchRows) }
      }
      if round > 0 { rates.append(Double(records.count) / seconds) }
    }
    return rates
  }
}
