import Ingest
import Pipelines
import Tensors
import Testing
import Vocabulary

@Suite("Pairs that wait")
struct PairRingTests {
  private static let schema: FeatureSchema = {
    var words = FeatureSettings(name: "words", type: .map)
    (words.keysMax, words.norm) = (5, .none)
    var text = FeatureSettings(name: "text", type: .text)
    (text.keysMax, text.norm) = (3, .none)
    return FeatureSchema(label: LabelSettings(path: "y"), features: [words, text])
  }()

  @Test("come out as they went in, round after round, beside rejections")
  func order() {
    var random = SplitMix64(seed: 11)
    let decoder = RecordDecoder(schema: Self.schema, task: .binary, recordBytesMax: 10_000)
    let buffer = PartitionBuffer(
      partition: 0, capacity: 16, numberCount: 0, categoryCount: 0, weighted: [5, 3], stepRecords: 4, nextOffset: 0)
    let batch = FeatureBatch(capacity: 8, numberCount: 0, categoryCount: 0, weightedCount: 2)
    var (offset, waiting): (Int64, [[Float]]) = (0, [])
    for _ in 0..<600 {
      for _ in 0..<Int.random(in: 0..<9, using: &random) {
        guard let slot = buffer.beginSlot() else { break }
        let counts = (Int.random(in: 0...6, using: &random), Int.random(in: 0...3, using: &random))
        let keys = (0..<counts.0).map { "\"k\($0)\":\(offset + Int64($0) + 1)" }.joined(separator: ",")
        let text = (0..<counts.1).map { "w\($0)" }.joined(separator: " ")
        let record = Array("{\"words\":{\(keys)},\"text\":\"\(text)\",\"y\":1}".utf8)
        let outcome = record.withUnsafeBytes { decoder.decode($0, into: slot) }
        if counts.0 > 5 {
          #expect(outcome == .rejected(.outOfRange, field: "words"))
          buffer.commitRejected(offset: offset, reason: .outOfRange)
        } else {
          #expect(outcome == .example)
          buffer.commitExample(offset: offset)
          waiting.append((0..<counts.0).map { Float(offset + Int64($0) + 1) } + [Float](repeating: 1, count: counts.1))
        }
        offset += 1
      }
      batch.count = 0
      let take = buffer.take(upTo: 4, into: batch)
      for row in 0..<take.valid {
        let found = batch.weighted.flatMap { list in list.places(of: row).map { list.weights[$0] } }
        #expect(found == waiting[row])
      }
      waiting.removeFirst(take.valid)
    }
    #expect(offset > 1000)
  }

  @Test("leave room for a whole step, however large its records are")
  func room() {
    let buffer = PartitionBuffer(
      partition: 0, capacity: 512, numberCount: 0, categoryCount: 0, weighted: [5, 3], stepRecords: 100, nextOffset: 0)
    let decoder = RecordDecoder(schema: Self.schema, task: .binary, recordBytesMax: 10_000)
    let record = Array(#"{"words":{"a":1,"b":1,"c":1,"d":1,"e":1},"text":"x y z","y":1}"#.utf8)
    var offset: Int64 = 0
    while let slot = buffer.beginSlot() {
      #expect(record.withUnsafeBytes { decoder.decode($0, into: slot) } == .example)
      buffer.commitExample(offset: offset)
      offset += 1
    }
    #expect(offset >= 100 && offset < 512)
    #expect(buffer.freeSlots == 0)
    let batch = FeatureBatch(capacity: 512, numberCount: 0, categoryCount: 0, weightedCount: 2)
    #expect(buffer.take(upTo: 1, into: batch).valid == 1)
    #expect(buffer.freeSlots == 1)
  }

  @Test("go when their record does")
  func emptied() {
    let batch = FeatureBatch(capacity: 3, numberCount: 0, categoryCount: 0, weightedCount: 1)
    let list = batch.weighted[0]
    for row in 0..<3 {
      list.open(row)
      for pair in 0...row { list.append(row: UInt32(10 * row + pair), weight: 1, to: row) }
    }
    list.empty(1, of: 3)
    #expect(list.places(of: 0).map { list.rows[$0] } == [0])
    #expect(list.places(of: 1).isEmpty)
    #expect(list.places(of: 2).map { list.rows[$0] } == [20, 21, 22])
  }
}
