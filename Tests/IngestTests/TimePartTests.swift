import Foundation
import Ingest
import Pipelines
import Testing
import Vocabulary

@Suite("Parts of a time")
struct TimePartTests {
  private func harness(
    _ zone: String = "UTC", _ parts: [TimePart] = TimePart.allCases,
    _ change: (inout FeatureSettings) -> Void = { _ in }
  ) -> DecoderHarness {
    DecoderHarness(
      .one(.timestamp) {
        $0.parts = parts
        $0.timeZone = zone
        change(&$0)
      })
  }

  @Test(
    "follow the clocks of the place, through summer time and half hours",
    arguments: [
      ("Europe/Berlin", "2013-03-31T00:59:59Z", 1, 59), ("Europe/Berlin", "2013-03-31T01:00:00Z", 3, 0),
      ("Europe/Berlin", "2013-10-27T00:59:00Z", 2, 59), ("Europe/Berlin", "2013-10-27T01:00:00Z", 2, 0),
      ("Europe/Berlin", "2090-07-01T12:00:00Z", 14, 0), ("Europe/Berlin", "1916-05-01T12:00:00Z", 14, 0),
      ("America/New_York", "2013-01-01T03:00:00Z", 22, 0), ("Asia/Kathmandu", "2013-01-01T00:00:00Z", 5, 45),
      ("Pacific/Apia", "2011-12-30T10:00:00Z", 0, 0), ("UTC", "2013-01-01T10:29:59.9Z", 10, 29),
      ("US/Pacific", "2013-07-01T00:00:00Z", 17, 0),
    ])
  func clocks(zone: String, time: String, hour: UInt32, minute: UInt32) {
    let harness = harness(zone, [.hour, .minute])
    #expect(harness.decode("{\"a\":\"\(time)\"}") == .example)
    #expect(harness.categories == [hour + 1, minute + 1])
  }

  @Test(
    "are those of the system's calendar, at any time from 1900 to 2099",
    arguments: [
      "UTC", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Asia/Pyongyang", "Africa/Casablanca",
    ])
  func calendar(zone: String) throws {
    var calendar = Calendar(identifier: .iso8601)
    calendar.timeZone = try #require(TimeZone(identifier: zone))
    let harness = harness(zone)
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix64(seed: seed)
    for _ in 0..<2000 {
      let time = Int(random.next() % 6_311_433_600) - 2_208_988_800
      let date = Date(timeIntervalSince1970: Double(time))
      #expect(harness.decode("{\"a\":\"\(date.ISO8601Format())\"}") == .example)
      let found = calendar.dateComponents([.minute, .hour, .weekday, .day, .month], from: date)
      let weekday = ((found.weekday ?? 0) + 5) % 7
      let year = try #require(calendar.ordinality(of: .day, in: .year, for: date))
      let expected = [
        (found.minute ?? 0) + 1, (found.hour ?? 0) + 1, weekday * 24 + (found.hour ?? 0) + 1, weekday + 1,
        found.day ?? 0, year, found.month ?? 0,
      ]
      #expect(harness.categories.map(Int.init) == expected, "seed \(seed): \(zone), \(time)")
    }
  }

  @Test("of a time that is absent, whatever it becomes, have the row of missing ones")
  func absent() {
    for harness in [harness(), harness { $0.missing = .value(1_700_000_000) }] {
      #expect(harness.decode("{}") == .example)
      #expect(harness.categories == Array(repeating: 0, count: 7))
      #expect(harness.decode(#"{"a":0,"a":null}"#) == .example)
      #expect(harness.categories == Array(repeating: 0, count: 7))
    }
  }

  @Test(
    "are of the nearest bound where the time is clipped to it, and each time of a coerced or other unit has its own")
  func rules() {
    let clipped = harness("UTC", [.hour]) { $0.clip = 0...3600 }
    clipped.decode(#"{"a":"2013-01-01T10:00Z"}"#)
    #expect(clipped.categories == [2])
    let coerced = harness("UTC", [.hour]) {
      $0.coerce = true
      $0.unit = .milliseconds
    }
    coerced.decode(#"{"a":"7200000"}"#)
    #expect(coerced.categories == [3])
    coerced.decode(#"{"a":" NA "}"#)
    #expect(coerced.categories == [0])
  }

  @Test("stand between the categories before and behind them, of which lists keep their width")
  func columns() {
    var schema = FeatureSchema.one(.timestamp) { $0.parts = [.month, .weekday] }
    for name in ["l", "k"] {
      var list = FeatureSettings(name: name, type: .category)
      list.valuesMax = 2
      list.values = ["x", "y", "z"]
      schema.features.insert(list, at: name == "l" ? 0 : 2)
    }
    let harness = DecoderHarness(schema)
    #expect(harness.decode(#"{"a":"2024-02-29","k":["z"],"l":["x","y"]}"#) == .example)
    #expect(harness.categories == [1, 2, 2, 4, 3, .max])
    // By columns, as a server fills them.
    harness.clear()
    #expect(harness.decoder.decode(numberText: "2024-02-29", column: 0, into: harness.slot) == .example)
    #expect(harness.decoder.decode(categories: ["z"], column: 1, into: harness.slot) == .example)
    #expect(harness.decoder.decode(categories: ["x", "y"], column: 0, into: harness.slot) == .example)
    #expect(harness.categories == [1, 2, 2, 4, 3, .max])
    #expect(harness.decoder.decode(categories: ["x", "y", "z"], column: 0, into: harness.slot) != .example)
    #expect(harness.decoder.decode(number: nil, column: 0, into: harness.slot) == .example)
    #expect(harness.categories[2...3] == [0, 0])
  }

  @Test("every way of reading gives the same")
  func ways() {
    let schema = FeatureSchema.one(.timestamp) {
      $0.parts = TimePart.allCases
      $0.timeZone = "Europe/Berlin"
    }
    let texts = ["{\"a\":1382835600}", "{ \"a\" : \"2013-10-27T01:00:00Z\" }", "{\"\\u0061\":-1.5}"]
    let plain = DecoderHarness(schema)
    for implementation in RecordDecoder.implementations {
      let other = DecoderHarness(schema, way: .init(implementation: implementation, byTokens: true))
      for text in texts {
        #expect(plain.decode(text) == .example && other.decode(text) == .example)
        #expect(plain.categories == other.categories && plain.numbers == other.numbers)
      }
    }
  }
}
