import Ingest
import Learning
import Testing
import Vocabulary
import Worker

@Suite("Facts of a step")
struct StepFactsTests {
  private static func fact(_ row: UInt32, shelf: UInt32 = 0, key: UInt64 = 1 << 63, _ value: Float = 0.5) -> RecordFact
  {
    RecordFact(shelf: shelf, row: row, key: key, value: value)
  }

  /// One rank's envelope, of so many rows of each partition.
  private func envelope(
    _ rows: [(partition: Int32, rows: UInt32)], _ facts: [RecordFact], without takenOut: Set<Int> = []
  ) -> [UInt8] {
    var envelope = StepEnvelope()
    for (partition, count) in rows {
      var share = PartitionShare()
      (share.partition, share.rows, share.next) = (partition, count, Int64(count))
      envelope.shares.append(share)
    }
    envelope.rowCount = Int(rows.reduce(0) { $0 + $1.rows })
    let numbers = [Float](repeating: 0, count: envelope.rowCount)
    let rejected = [Int64](repeating: 0, count: rows.count * RejectReason.allCases.count)
    var writer = StepEnvelopeWriter()
    writer.write(
      envelope, rejected: rejected, labels: numbers, outputs: numbers, losses: numbers.map(Double.init),
      frozenLosses: numbers, health: [])
    writer.appendLearner { $0.append(1) }
    writer.append(facts: facts, without: takenOut)
    return writer.bytes
  }

  private func gather(_ ranks: [[UInt8]], shelves: Int = 2) throws -> [RecordFact] {
    var facts = StepFacts()
    return try withReceived(ranks) { try facts.gather($0, shelves: shelves) }
  }

  @Test("come in the order of the records, whoever read them: by partition, offset and shelf")
  func order() throws {
    func key(_ facts: [RecordFact]) -> [UInt64] { facts.map(\.key) }
    // Keys say partition, row and shelf.
    let alone = [
      Self.fact(0, key: 1), Self.fact(1, key: 110), Self.fact(1, shelf: 1, key: 111), Self.fact(4, key: 310),
    ]
    #expect(try key(gather([envelope([(0, 1), (1, 1), (2, 1), (3, 2)], alone)])) == [1, 110, 111, 310])
    let ranks = [
      envelope([(1, 1), (3, 2)], [Self.fact(0, key: 110), Self.fact(0, shelf: 1, key: 111), Self.fact(2, key: 310)]),
      envelope([], []), envelope([(0, 1), (2, 1)], [Self.fact(0, key: 1)]),
    ]
    #expect(try key(gather(ranks)) == [1, 110, 111, 310])
  }

  @Test("of rows that were taken out are not sent, and where there is none nothing is")
  func takenOut() throws {
    let facts = [Self.fact(0), Self.fact(1), Self.fact(2)]
    #expect(try gather([envelope([(0, 3)], facts, without: [1])]) == [facts[0], facts[2]])
    let none = envelope([(0, 3)], [])
    #expect(envelope([(0, 3)], facts, without: [0, 1, 2]) == none)
    #expect(try gather([none]).isEmpty)
    #expect(envelope([(0, 3)], [facts[0]]).count == none.count + 16 + 24)
  }

  @Test("that no rank of the same model sends are refused with a sentence, before anything is taken up")
  func refused() throws {
    func refusal(_ facts: [RecordFact]) throws -> String {
      let bytes = envelope([(0, 2)], facts)
      let error = #expect(throws: EnvelopeError.self) { try gather([bytes]) }
      return error.map { "\($0)" } ?? ""
    }
    #expect(try refusal([Self.fact(2)]).contains("row 2 says is of none of its 2 rows"))
    #expect(try refusal([Self.fact(1, shelf: 2)]).contains("is for none of our model's 2"))
    #expect(try refusal([Self.fact(1), Self.fact(0)]).contains("is out of order"))
    #expect(try refusal([Self.fact(1, shelf: 1), Self.fact(1)]).contains("is out of order"))
    #expect(try refusal([Self.fact(1), Self.fact(1)]).contains("there twice"))
    #expect(try refusal([Self.fact(1, .nan)]).contains("is no number"))
    #expect(try refusal([Self.fact(1, -.infinity)]).contains("is no number"))
    // Three more bytes than a fact has.
    var long = envelope([(0, 2)], [Self.fact(0)])
    long[long.count - 32] = 23
    #expect(throws: EnvelopeError.self) { try gather([long]) }
    #expect(throws: EnvelopeError.self) { try gather([envelope([(0, 2)], [Self.fact(0)])], shelves: 0) }
  }

  @Test("damaged anywhere they are refused, or are as many, in order, of rows and shelves that there are")
  func damaged() throws {
    let seed = UInt64.random(in: 0..<1 << 32)
    print("damaged facts: seed \(seed)")
    var random = SplitMix64(seed: seed)
    let facts = (0..<12).map { Self.fact(UInt32($0 / 2), shelf: UInt32($0 % 2), key: random.next(), Float($0)) }
    let whole = envelope([(0, 2), (5, 4)], facts)
    let length = whole.count - 12 * 20 - 16
    var refusals = 0
    for round in 0..<4000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        // Half of them in the section, its head among it.
        let place = Int.random(in: (round % 2 == 0 ? length : 0)..<whole.count, using: &random)
        bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      }
      do {
        let found = try gather([bytes])
        let places = found.map { UInt64($0.row) << 1 | UInt64($0.shelf) }
        #expect(places == places.sorted() && Set(places).count == places.count, "seed \(seed)")
        #expect(found.allSatisfy { $0.row < 6 && $0.shelf < 2 && $0.value.isFinite }, "seed \(seed)")
      } catch {
        refusals += 1
        #expect("\(error)".contains(" "), "seed \(seed)")
      }
    }
    #expect(refusals > 400, "seed \(seed)")
  }
}
