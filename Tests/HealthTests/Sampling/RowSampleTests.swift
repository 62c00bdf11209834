import Health
import Testing
import Vocabulary

/// Records of two features, a label and an answer, drawn from a seed: what tests of samples and drift are made of.
struct SampledStream {
  var seed: UInt64 = 1
  /// Makes a record's cells.
  var cells: (inout SplitMix64, _ record: Int) -> [RowCell] = SampledStream.usual

  static let columns = [
    RowColumn("y", .label, .number), RowColumn("prediction", .prediction, .number),
    RowColumn("dist", .feature, .number), RowColumn("carrier", .feature, .category),
  ]

  /// One in five late, distances around 700, four carriers.
  static func usual(_ random: inout SplitMix64, _ record: Int) -> [RowCell] {
    let label: Float = random.nextUnit() < 0.2 ? 1 : 0
    return [
      RowCell(label), RowCell(0.1 + 0.3 * Float(random.nextUnit()) + 0.2 * label),
      RowCell(700 + 150 * random.nextNearlyNormal()), RowCell(category: 1 + UInt32(random.next() % 4)),
    ]
  }

  /// A window of records over three partitions, from an offset on.
  func window(_ records: Range<Int>) -> RowSample {
    var sample = RowSample(Self.columns)
    add(records, to: &sample) { _ in true }
    return sample.settled()
  }

  func add(_ records: Range<Int>, to sample: inout RowSample, where isMine: (RecordKey) -> Bool) {
    for record in records {
      let key = RecordKey(partition: Int32(record % 3), offset: Int64(record / 3))
      guard isMine(key), sample.wants(key.word) else { continue }
      var random = SplitMix64(seed: seed &* 0x9E37 &+ UInt64(record))
      let cells = cells(&random, record)
      sample.append(key.word) { $0.append(contentsOf: cells) }
    }
  }

  /// Windows that follow each other, the newest first.
  func windows(_ count: Int, of records: Int) -> [RowSample] {
    (0..<count).reversed().map { window(($0 * records)..<(($0 + 1) * records)) }
  }
}

@Suite("A sample of records")
struct RowSampleTests {
  @Test("is the same bits for any number of workers, whoever took which records", arguments: [1, 2, 3, 5, 8])
  func anyNumberOfWorkers(workers: Int) {
    let stream = SampledStream()
    for records in [0, 1, 100, 2048, 2049, 50_000] {
      let whole = stream.window(0..<records)
      var parts = (0..<workers).map { _ in RowSample(SampledStream.columns) }
      var dealer = SplitMix64(seed: UInt64(workers))
      var holders: [Int32: Int] = [:]
      for partition in 0..<Int32(3) { holders[partition] = Int(dealer.next() % UInt64(workers)) }
      for worker in 0..<workers {
        stream.add(0..<records, to: &parts[worker]) { holders[$0.partition] == worker }
      }
      var merged = parts.removeFirst()
      for part in parts { merged.merge(part) }
      #expect(merged.encoded() == whole.encoded(), "\(records) records")
      #expect(merged.seen == Int64(records) && merged.settled().count == min(records, 2048))
    }
  }

  @Test("gives every record the same chance, wherever it lies")
  func uniform() {
    let sample = SampledStream().window(0..<60_000)
    var tenths = [Int](repeating: 0, count: 10)
    for row in 0..<sample.count { tenths[Int(sample.key(row).offset) / 2000] += 1 }
    // 2,048 over ten places: 205 each, give or take four deviations of 13.6.
    #expect(tenths.allSatisfy { abs($0 - 205) < 55 }, "\(tenths)")
  }

  @Test("holds each record's cells beside its own key")
  func cellsStayWithTheirKeys() {
    var stream = SampledStream()
    stream.cells = { _, record in
      [RowCell(Float(record)), RowCell(-1), RowCell(Float.nan), RowCell(category: UInt32(record))]
    }
    let sample = stream.window(0..<30_000)
    for row in 0..<sample.count {
      let key = sample.key(row)
      let record = Int(key.offset) * 3 + Int(key.partition)
      #expect(sample.cell(row, 0).number == Float(record) && sample.cell(row, 3).bits == UInt32(record))
    }
  }

  @Test("comes back from its bytes, and from damaged ones as an error, never as a trap")
  func coding() throws {
    let bytes = SampledStream().window(0..<400).encoded()
    #expect(try RowSample(decoding: bytes).encoded() == bytes)
    var random = SplitMix64(seed: 7)
    for _ in 0..<3000 {
      var damaged = bytes
      damaged[Int(random.next() % UInt64(bytes.count))] ^= UInt8(1 << random.next() % 8)
      _ = try? RowSample(decoding: damaged)
      _ = try? RowSample(decoding: Array(bytes.prefix(Int(random.next() % UInt64(bytes.count)))))
    }
    #expect(throws: DamagedBytes.self) { try RowSample(decoding: [9]) }
    #expect(throws: DamagedBytes.self) { try RowSample(decoding: Array(bytes.dropLast())) }
  }

  @Test("counts a record that was learned twice, after a fault, once")
  func twice() {
    let stream = SampledStream()
    var sample = stream.window(0..<500)
    sample.merge(stream.window(300..<500))
    #expect(sample.settled().count == 500)
  }

  @Test("of wide records is of fewer, and is never smaller than what says something")
  func wide() {
    func capacity(_ columns: Int) -> Int {
      RowSample((0..<columns).map { RowColumn("\($0)", .feature, .number) }).capacity
    }
    #expect(capacity(12) == 2048 && capacity(400) == 652 && capacity(512) == 510)
  }
}
