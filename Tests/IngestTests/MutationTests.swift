import Foundation
import Ingest
import Pipelines
import Testing
import Vocabulary

@Suite("Mutated records")
struct MutationTests {
  private static let seeds = [
    #"{"id":"f1","t":1357036140,"x":{"distance":1416,"carrier":"UA","wind":-17.26,"origin":"LGA"},"y":{"late15":1},"t_y":1357051800}"#,
    #" { "x" : { "wind" : 1e-3 , "carrier" : "\u00fc\ud83d\ude00\n" , "extra" : [ 1 , [ ] , { "a" : null } ] } , "t" : "2013-01-01T10:00:00Z" } "#,
    #"{"t":0,"x":{"distance":0.12345678901234567,"wind":123456789.5E2,"origin":7},"y":{"late15":true},"z":[true,false,null,"é",{}]}"#,
    #"{"id": "f2", "t": 1357036140.25, "x": {"distance": 6000.5, "wind": -1234567.125, "gust": -0.5, "origin": "EWR", "carrier": null}, "y": {"late15": 0}}"#,
  ]
  private static let pieces: [[UInt8]] =
    [
      "NaN", "1e999", "-", "0", "00", "1.", "e5", "null", "true", "\"", "\\", "\\u12", "\\ud800", "{", "}", "[", "]",
      ",", ":",
      " ", "\n", "\0", "\"a\":", "1e39", "99999999999999999999", "é", "\u{2028}", "-0", "tru", "\t",
    ].map { Array($0.utf8) } + [
      [0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0x80], [0xE2, 0x82], [0xF4, 0x90, 0x80, 0x80],
    ]

  private func mutate(_ bytes: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<(1 + random.next() % 3) {
      let place = Int(random.next() % UInt64(bytes.count + 1))
      let rest = bytes.count - place
      switch random.next() % 6 {
      case 0: bytes.insert(contentsOf: Self.pieces[Int(random.next() % UInt64(Self.pieces.count))], at: place)
      case 1 where rest > 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
      case 2 where rest > 0: bytes.removeSubrange(place..<(place + 1 + Int(random.next() % UInt64(min(rest, 8)))))
      case 3 where rest > 0: bytes.removeSubrange(place...)
      case 4 where rest > 0: bytes[place] ^= 1 << UInt8(random.next() % 8)
      case 5 where rest > 0:
        bytes.insert(contentsOf: bytes[place..<(place + min(rest, 1 + Int(random.next() % 30)))], at: place)
      default: break
      }
    }
    return bytes
  }

  @Test("what is not JSON is always refused, what is JSON never as such, and no infinity gets through")
  func mutations() {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    let harness = DecoderHarness()
    var valid = 0
    for round in 0..<60_000 {
      let bytes = mutate(Array(Self.seeds[round % Self.seeds.count].utf8), &random)
      let outcome = harness.decode(bytes)
      let isJSON = ReferenceJSON.isValid(bytes)
      let text = String(decoding: bytes, as: UTF8.self)
      switch outcome {
      case .example:
        valid += 1
        #expect(isJSON, "\(text)")
        #expect(harness.numbers.allSatisfy { $0.isNaN || $0.isFinite }, "\(text)")
        #expect(harness.numbers[0].isNaN || (0...6000).contains(harness.numbers[0]), "\(text)")
        #expect(harness.categories[0] < 64 && harness.categories[1] < 8, "\(text)")
        #expect([0, 1].contains(harness.label) || harness.label.isNaN, "\(text)")
        #expect((-62_135_596_800..<253_402_300_800).contains(harness.eventTime), "\(text)")
      case .rejected(.malformed, _), .rejected(.invalidUTF8, _):
        #expect(!isJSON, "\(text)")
      case .rejected:
        #expect(isJSON, "\(text)")
      }
    }
    #expect(valid > 1000 && valid < 59_000)
  }

  @Test(
    "a record has the same outcome and values whichever way it is read",
    arguments: RecordDecoder.implementations.map { RecordDecoder.Way(implementation: $0, byTokens: true) })
  func twoWays(way: RecordDecoder.Way) {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    let (byCharacters, byTokens) = (DecoderHarness(), DecoderHarness(way: way))
    for round in 0..<30_000 {
      let record = Array(Self.seeds[round % Self.seeds.count].utf8)
      let bytes = random.next() % 4 == 0 ? record : mutate(record, &random)
      let outcome = byCharacters.decode(bytes)
      let text = String(decoding: bytes, as: UTF8.self)
      #expect(byTokens.decode(bytes) == outcome, "\(text)")
      guard outcome == .example else { continue }
      #expect(byTokens.numbers.map(\.bitPattern) == byCharacters.numbers.map(\.bitPattern), "\(text)")
      #expect(byTokens.categories == byCharacters.categories, "\(text)")
      #expect(byTokens.label.bitPattern == byCharacters.label.bitPattern, "\(text)")
      #expect(byTokens.eventTime.bitPattern == byCharacters.eventTime.bitPattern, "\(text)")
    }
  }

  @Test("what is counted is counted once, both ways")
  func counters() {
    let way = RecordDecoder.Way(byTokens: true)
    let (byCharacters, byTokens) = (DecoderHarness(), DecoderHarness(way: way))
    for text in [
      #"{"t":1,"x":{"distance":-1,"origin":"BOS"}}"#, #"{"x":{"distance":1e9,"wind":[]},"t":1,"z":[]}"#,
      #"{"x":{"distance":7000,"origin":"BOS","z":{},"wind":1},"t":1}"#, #"{"x":null,"t":1}"#,
    ] {
      #expect(byCharacters.decode(text) == byTokens.decode(text))
      #expect(byCharacters.decoder.counters == byTokens.decoder.counters)
    }
    let counters = byCharacters.decoder.counters
    #expect(counters.map(\.clipped) == [3, 0, 0, 0] && counters.map(\.unknown) == [0, 0, 0, 2])
  }
}
