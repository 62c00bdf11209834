import Ingest
import Pipelines
import Testing
import Vocabulary

@Suite("Numbers beyond a float")
struct OriginTests {
  /// What a feature becomes of whole numbers from `first` on.
  private func values(_ schema: FeatureSchema, from first: Int, count: Int = 100) -> (Set<Float>, [FieldNews]) {
    let harness = DecoderHarness(schema)
    let values = (0..<count).map { place -> Float in
      #expect(harness.decode("{\"a\":\(first + place)}") == .example)
      return harness.numbers[0]
    }
    return (Set(values), harness.decoder.news)
  }

  @Test(
    "neighbours that a float cannot tell apart are told, with what to write",
    arguments: [16_777_216, 20_130_101, 1_000_000_000])
  func blurred(first: Int) {
    let (seen, news) = values(.one(.float), from: first)
    #expect(seen.count < 100)
    #expect(news.map(\.kind) == [.blurred])
    #expect(news.first?.sentence.contains("write `origin: ") == true)
  }

  @Test(
    "with an origin they are kept apart, and nothing is told",
    arguments: [16_777_216, 20_130_101, 1_000_000_000, 1_764_300_000])
  func origin(first: Int) {
    for type in [FeatureSettings.FeatureType.float, .timestamp] {
      let (seen, news) = values(.one(type) { $0.origin = Double(first) }, from: first)
      #expect(seen == Set((0..<100).map(Float.init)))
      #expect(news.isEmpty)
    }
  }

  @Test("times keep a minute apart without one, from 2007 to 2040, and a live stream of them is nothing to tell")
  func times() {
    let harness = DecoderHarness(.one(.timestamp))
    for year in [1_167_609_600, 1_357_036_140, 1_577_836_800, 1_764_300_000, 2_209_000_000] {
      var seen: Set<Float> = []
      for minute in 0..<1000 {
        harness.decode("{\"a\":\(year + minute * 60)}")
        seen.insert(harness.numbers[0])
      }
      #expect(seen.count == 1000)
    }
    let live = values(.one(.timestamp), from: 1_764_300_000, count: 1000)
    #expect(live.1.isEmpty)
    let distant = values(.one(.timestamp) { $0.origin = 1000 }, from: 1_764_300_000, count: 1000)
    #expect(distant.1.map(\.kind) == [.blurred])
    #expect(distant.1.first?.sentence.contains("write `origin: 1764300") == true, "in the unit of the records")
  }

  @Test("small numbers, and large ones that spread, are nothing to tell")
  func ordinary() {
    #expect(values(.one(.float), from: 0).1.isEmpty)
    #expect(values(.one(.float), from: 16_777_100, count: 110).1.isEmpty)
    let harness = DecoderHarness(.one(.float))
    for place in 0..<9000 { harness.decode("{\"a\":\(place * 1_000_003)}") }
    #expect(harness.decoder.news.isEmpty)
    // By now large numbers take the short way again, with the same values.
    #expect(harness.decode(#"{"a":9000027001}"#) == .example)
    #expect(harness.numbers == [Float(9_000_027_001)])
  }

  @Test("clip and the value of missing ones are in the unit of the records")
  func clipped() {
    let harness = DecoderHarness(
      .one(.float) {
        $0.origin = 1000
        $0.clip = 900...1100
        $0.missing = .value(950)
      })
    for (record, value) in [(#"{"a":1e9}"#, 100), (#"{"a":0}"#, -100), ("{}", -50), (#"{"a":1000.5}"#, 0.5)]
      as [(String, Float)]
    {
      #expect(harness.decode(record) == .example)
      #expect(harness.numbers == [value])
    }
  }

  @Test(
    "times that all lie at the beginning of 1970 are told: they are in a coarser unit than the file says",
    arguments: [(TimeUnit.milliseconds, 1), (.microseconds, 1000), (.nanoseconds, 1_000_000)])
  func early(unit: TimeUnit, factor: Int) {
    for path in ["t", "a"] {
      var schema = FeatureSchema.one(.timestamp) { $0.unit = path == "a" ? unit : nil }
      if path == "t" {
        schema.eventTime = "t"
        schema.timeUnit = unit
        schema.features[0].unit = .seconds
      }
      let harness = DecoderHarness(schema)
      func read(_ count: Int) {
        for second in 0..<count {
          let time = (1_764_300_000 + second) * factor
          harness.decode("{\"t\":\(time),\"a\":\(path == "a" ? time : 1_764_300_000)}")
        }
      }
      read(5)
      #expect(harness.decoder.news.isEmpty, "few say nothing")
      read(20)
      let news = harness.decoder.news
      #expect(news.map(\.kind) == [.unitsInDoubt] && news.first?.field == path)
      #expect(news.first?.sentence.contains("all 25 times") == true && news.first?.sentence.contains("1970") == true)
      #expect(news.first?.isWarning == true)
    }
  }

  @Test("a few old times among others are nothing to tell")
  func oldTimes() {
    let harness = DecoderHarness(.one(.timestamp) { $0.unit = .seconds })
    for day in 0..<40 { harness.decode("{\"a\":\(day * 86_400)}") }
    #expect(harness.decoder.news.isEmpty)
  }
}
