import Pipelines
import Testing

@Suite("When the stream is learned once more")
struct RetrainSettingsTests {
  /// Minutes since 1970 of a day, counted from then, at a time.
  private func minute(_ day: Int64, _ hour: Int64, _ minute: Int64) -> Int64 { day * 1440 + hour * 60 + minute }

  @Test("a schedule is due when cron's fields say so, in UTC")
  func due() throws {
    // 20,000 days after 1 January 1970 it is Thursday, 4 October 2024 less a day: 2024-10-04 is a Friday.
    let friday: Int64 = 20_000
    for (text, day, hour, minute, expected) in [
      ("0 3 * * *", friday, 3, 0, true), ("0 3 * * *", friday, 3, 1, false), ("0 3 * * *", friday, 4, 0, false),
      ("*/15 * * * *", friday, 7, 45, true), ("*/15 * * * *", friday, 7, 44, false),
      ("0 0 4 10 *", friday, 0, 0, true), ("0 0 5 10 *", friday, 0, 0, false), ("0 0 * * 5", friday, 0, 0, true),
      ("0 0 * * 0,7", friday + 2, 0, 0, true), ("0 0 * * 1-4", friday, 0, 0, false),
      ("0 0 1 * 5", friday, 0, 0, true), ("10-20/5 1 * * *", friday, 1, 15, true), ("0 0 29 2 *", 11_016, 0, 0, true),
    ] as [(String, Int64, Int64, Int64, Bool)] {
      let schedule = try #require(CronSchedule(text), "\(text)")
      #expect(schedule.isDue(atMinute: self.minute(day, hour, minute)) == expected, "\(text) \(day) \(hour):\(minute)")
    }
    let nightly = try #require(CronSchedule("0 3 * * *"))
    let three = Double(minute(friday, 3, 0) * 60)
    #expect(nightly.wasDue(after: three - 1, upTo: three) && !nightly.wasDue(after: three, upTo: three + 3600))
  }

  @Test(
    "what is no time of cron that ever comes is none",
    arguments: [
      "", "* * * *", "60 * * * *", "* 24 * * *", "0 0 31 2 *", "0 0 0 * *", "a * * * *", "1-0 * * * *", "*/0 * * * *",
      "5/2 * * * *",
    ]
  )
  func noTime(text: String) { #expect(CronSchedule(text) == nil) }

  private func mistakes(_ retrain: String, rules: String = "") -> String {
    let text = """
      name: a
      source: { topic: a }
      schema: { label: { path: y }, features: [{ name: x, type: float }] }
      model: { task: binary, hidden: [4] }
      \(rules)
      \(retrain)
      """
    do {
      _ = try PipelineParser.parse(text: text, fileName: "a.yaml") { _ in nil }
      return ""
    } catch { return "\(error)" }
  }

  @Test("a trigger that nothing pulls, and what pulls none, are mistakes of the file")
  func checks() {
    #expect(mistakes(#"retrain: { on: [drift, schedule], schedule: "0 3 * * *", from: 7d }"#) == "")
    #expect(mistakes("retrain: { on: [schedule] }").contains("nothing says when"))
    #expect(mistakes(#"retrain: { on: [drift], schedule: "0 3 * * *" }"#).contains("has no schedule"))
    #expect(mistakes(#"retrain: { on: [schedule], schedule: "0 0 31 2 *" }"#).contains("no time of cron"))
    #expect(mistakes("retrain: { on: [drift], from: yesterday }").contains("no place to begin"))
    #expect(mistakes("retrain: { on: [health] }").contains("no rule of health.rules has the action retrain"))
    let rule = "health: { rules: [{ rule: dead_units, action: retrain }] }"
    #expect(mistakes("", rules: rule).contains("nothing says how that is done"))
    #expect(mistakes("retrain: { on: [drift] }", rules: rule).contains("`on` has no health"))
    #expect(mistakes("retrain: { on: [health] }", rules: rule) == "")
    func drop(_ words: String, on: String = "metric_drop") -> String {
      mistakes("retrain: { on: [\(on)], metric_drop: { \(words) } }")
    }
    #expect(drop("measure: auc, by: 0.02, against: 7d, records_min: 5000") == "")
    #expect(drop("measure: loss, by: 0.02", on: "drift").contains("has no metric_drop"))
    #expect(mistakes("retrain: { on: [metric_drop] }").contains("nothing says what may not drop"))
    #expect(drop("measure: rmse, by: 1").contains("is not measured of a binary task"))
    #expect(
      drop("measure: auc, by: 0").contains("metric_drop.by") && drop("measure: auc").contains("lacks the key `by`"))
    #expect(drop("measure: auc, by: 0.1, against: yesterday").contains("says no time before"))
  }
}
