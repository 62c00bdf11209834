import Foundation
import Ingest
import Pipelines
import Testing
import Vocabulary

@Suite("Times")
struct TimeTests {
  private func harness(_ unit: TimeUnit = .auto) -> DecoderHarness {
    var schema = FeatureSchema.one(.timestamp)
    schema.eventTime = "t"
    schema.timeUnit = unit
    return DecoderHarness(schema)
  }

  /// Epoch seconds of a time; nil: it is refused.
  private func seconds(_ value: String, _ unit: TimeUnit = .auto) -> Double? {
    let harness = harness(unit)
    return harness.decode("{\"t\":\(value)}") == .example ? harness.eventTime : nil
  }

  @Test(
    "are of the years 1 to 9999",
    arguments: [
      (#""1969-12-31T23:59:59Z""#, -1), (#""0001-01-01""#, -62_135_596_800), (#""1900-03-01 00:00""#, -2_203_891_200),
      (#""1583-10-15T12:00:00.5-05:00""#, -12_187_695_599.5), (#""9999-12-31T23:59:59.5Z""#, 253_402_300_799.5),
      ("-1", -1), ("-62135596800", -62_135_596_800), ("-0.25", -0.25), ("0", 0), ("253402300799", 253_402_300_799),
      (#""1960-02-29T23:59:59.125+00""#, -310_435_200.875),
    ] as [(String, Double)])
  func early(text: String, expected: Double) throws {
    let found = try #require(seconds(text))
    #expect(found == expected)
    let formatter = ISO8601DateFormatter()
    formatter.timeZone = .gmt
    // The calendar of the system agrees, as far as it goes by the Gregorian rules.
    if text.hasPrefix("\"19"), text.hasSuffix("Z\"") {
      #expect(formatter.date(from: text.filter { $0 != "\"" })?.timeIntervalSince1970 == found)
    }
  }

  @Test(
    "may have a space for the T and before the zone, which may be UTC; 24:00 and leap seconds are the moment after",
    arguments: [
      ("2013-01-01T10:29:00Z", 1_357_036_140), ("2013-01-01 10:29:00", 1_357_036_140),
      ("2013-01-01t10:29z", 1_357_036_140), ("2013-01-01 10:29:00 UTC", 1_357_036_140),
      ("2013-01-01 11:29:00 +0100", 1_357_036_140), ("2013-01-01 11:29:00.000+01", 1_357_036_140),
      ("2012-12-31T24:00:00Z", 1_356_998_400), ("2016-12-31T23:59:60Z", 1_483_228_800),
      ("2015-06-30T16:59:60-07:00", 1_435_708_800), ("1972-06-30T23:59:60.5Z", 78_796_800),
    ] as [(String, Double)])
  func forms(text: String, expected: Double) {
    #expect(seconds("\"\(text)\"") == expected)
  }

  @Test(
    "that there are not are refused",
    arguments: [
      "0000-12-31", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-01:00", "2013-02-29", "1900-02-29", "2013-00-01",
      "2013-01-00", "2013-04-31", "2013-01-01T24:00:01", "2013-01-01T24:01", "2013-01-01T10:00:60",
      "2016-12-30T23:59:60Z",
      "2016-12-31T23:59:60+01:00", "2013-01-01T10:00:00 ", "2013-01-01T10:00:00 CET", "2013-01-01T10:00:00 +",
      "-001-01-01",
      "10000-01-01", "2013-1-1", "2013-01-01T10:00:00.Z", "",
    ])
  func refused(text: String) {
    #expect(seconds("\"\(text)\"") == nil)
  }

  @Test("that are numbers are recognised by their size, from 1978-01-12 on to the year 9999")
  func recognised() {
    for time in [253_402_301.0, 1_357_036_140, 1_764_300_000, 7_258_118_399, 253_402_300_799] {
      for scale in [1, 1e3, 1e6, 1e9] where time * scale < 1e19 {
        // A double holds nanoseconds to some hundred of them.
        let found = seconds(String(format: "%.0f", time * scale)) ?? .nan
        #expect(abs(found - time) < 2e-6, "\(time) × \(scale)")
      }
    }
    #expect(seconds("-315619200000") == -315_619_200)
    #expect(seconds("1357036140.125") == 1_357_036_140.125)
    #expect(seconds("1357036140125") == 1_357_036_140.125)
  }

  @Test("or are in the unit that the pipeline names, and nothing else")
  func named() {
    #expect(seconds("86400000", .milliseconds) == 86_400)
    #expect(seconds("86400000000", .microseconds) == 86_400)
    #expect(seconds("86400000000000", .nanoseconds) == 86_400)
    #expect(seconds("1357036140125", .seconds) == nil)
    #expect(seconds("\"1970-01-02\"", .nanoseconds) == 86_400)
    let feature = DecoderHarness(.one(.timestamp) { ($0.unit, $0.origin) = (.milliseconds, 0) })
    #expect(feature.decode(#"{"a":-1500}"#) == .example)
    #expect(feature.numbers == [-1.5])
    #expect(feature.decode(#"{"a":1e300}"#) == .rejected(.overflow, field: "a"))
    #expect(feature.decoder.rejectedValue == "1e300")
  }

  @Test("in a unit that nobody named are told once they are seen; several units, and years beyond 2200, are a warning")
  func news() {
    let milliseconds = harness()
    milliseconds.decode(#"{"t":1764300000000}"#)
    milliseconds.decode(#"{"t":0,"a":"2013-01-01"}"#)
    #expect(milliseconds.decoder.news.map(\.kind) == [.unitRecognised])
    #expect(milliseconds.decoder.news.first?.sentence.contains("`time_unit: ms`") == true)
    milliseconds.decode(#"{"t":1764300000}"#)
    #expect(milliseconds.decoder.news.map(\.kind) == [.unitsInDoubt])

    let early = harness()
    early.decode(#"{"t":157766400000,"a":1}"#)
    #expect(early.decoder.news.map(\.field) == ["t"])
    #expect(early.decoder.news.first?.isWarning == true)

    let seconds = harness()
    seconds.decode(#"{"t":1764300000,"a":1764300000.5}"#)
    #expect(seconds.decoder.news.isEmpty)
    let named = harness(.milliseconds)
    named.decode(#"{"t":1764300000000,"a":5}"#)
    #expect(named.decoder.news.isEmpty)
  }
}
