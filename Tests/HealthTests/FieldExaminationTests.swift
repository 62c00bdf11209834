import Foundation
import Health
import Testing
import Vocabulary

@Suite("Field examination")
struct FieldExaminationTests {
  private func field(
    _ total: FieldReport.Counts, window: FieldReport.Counts = .init(), isFeature: Bool = true, near: [String] = []
  ) -> FieldReport.Field {
    FieldReport.Field(name: "a", path: "x.A", isFeature: isFeature, total: total, window: window, near: near)
  }

  private func finding(_ rule: HealthRule, _ field: FieldReport.Field, _ limits: HealthLimits = HealthLimits())
    -> HealthFinding?
  {
    let report = FieldReport(records: field.total.records, fields: [field])
    return examine(HealthWindow(fields: report), policy: HealthPolicy(limits: limits)).first {
      $0.rule == rule.rawValue
    }
  }

  @Test("a feature that nearly every record lacks fails, with its path, the count and the keys near it")
  func missing() throws {
    let sick = field(.init(records: 3000, missing: 2999), near: ["x.a"])
    let found = try #require(self.finding(.missingFeature, sick))
    #expect(found.verdict == .fail && found.feature == "a")
    #expect(found.observed == 2999.0 / 3000)
    #expect(found.detail == "feature a (path x.A) is absent from 2999 of 3000 records (keys near it: x.a)")
  }

  @Test(
    "a feature is sick by its share, not by its count",
    arguments: [(940, Verdict.pass), (960, .fail), (0, .pass)] as [(Int64, Verdict)])
  func share(sick: Int64, verdict: Verdict) {
    #expect(finding(.unknownValues, field(.init(records: 1000, unknown: sick)))?.verdict == verdict)
    #expect(finding(.clippedValues, field(.init(records: 1000, clipped: sick)))?.verdict == verdict)
  }

  @Test("wild values are told with an example, and hold a version back where they are many")
  func wild() throws {
    var field = self.field(.init(records: 1000, wild: 12))
    field.wildExample = "1e+20 at t/0@300"
    #expect(finding(.wildValues, field)?.verdict == .pass)
    let told = FieldReport(records: 1000, fields: [field]).warnings(limits: HealthLimits()) { "\($0)" }
    #expect(told.count == 1 && told[0].contains("12 of 1000 records, such as 1e+20 at t/0@300"))
    field.total.wild = 200
    let found = try #require(finding(.wildValues, field))
    #expect(
      found.verdict == .fail && found.detail?.hasSuffix("in 200 of 1000 records, such as 1e+20 at t/0@300") == true)
  }

  @Test("a rare feature is no missing one", arguments: [(980, Verdict.pass), (995, .fail)] as [(Int64, Verdict)])
  func rare(missing: Int64, verdict: Verdict) {
    #expect(finding(.missingFeature, field(.init(records: 1000, missing: missing)))?.verdict == verdict)
  }

  @Test("a feature that comes and goes is judged by all records, not by a window without it")
  func seasonal() {
    let gusts = field(.init(records: 10_000, missing: 7600), window: .init(records: 3000, missing: 3000))
    #expect(finding(.missingFeature, gusts)?.verdict == .pass)
  }

  @Test("what goes missing in an old stream is told by the window")
  func window() {
    let gone = field(.init(records: 1_000_000, missing: 3000), window: .init(records: 3000, missing: 3000))
    #expect(finding(.missingFeature, gone)?.verdict == .fail)
    let few = field(.init(records: 1_000_000, missing: 50), window: .init(records: 50, missing: 50))
    #expect(finding(.missingFeature, few)?.verdict == .pass)
  }

  @Test("few records say nothing, and a limit of 1 allows everything")
  func allowed() {
    #expect(finding(.missingFeature, field(.init(records: 100, missing: 100)))?.verdict == .inconclusive)
    var limits = HealthLimits()
    limits.missingShareMax = 1
    let sparse = field(.init(records: 3000, missing: 3000))
    #expect(finding(.missingFeature, sparse, limits)?.verdict == .pass)
    #expect(FieldReport(records: 3000, fields: [sparse]).warnings(limits: limits) { "\($0)" }.isEmpty)
  }

  @Test("a label that never comes, and records that are refused in bulk, are warnings and no findings")
  func warnings() {
    let label = field(.init(records: 500, missing: 500), isFeature: false, near: ["y"])
    let report = FieldReport(
      records: 500, fields: [label],
      rejections: [.init(field: "price", reason: "wrong_type", records: 312, example: "\"1.28\" at flights/2@4711")])
    #expect(examine(HealthWindow(fields: report)).isEmpty)
    #expect(
      report.warnings(limits: HealthLimits()) { "\($0)" } == [
        "label x.A is absent from 500 of 500 records (keys near it: y): they are predicted, not learned",
        "312 of 812 records were rejected; price: 312 × wrong_type, e.g. \"1.28\" at flights/2@4711"
          + "; 'retrainctl dead-letters' says why, and what can be done",
      ])
  }

  @Test("a label that often lies at the bounds of its range is a warning")
  func clippedLabel() {
    func told(_ clipped: Int64, _ limits: HealthLimits = HealthLimits()) -> [String] {
      FieldReport(records: 1000, fields: [field(.init(records: 1000, clipped: clipped), isFeature: false)])
        .warnings(limits: limits) { "\($0)" }
    }
    #expect(told(100).isEmpty)
    #expect(
      told(101) == [
        "label x.A lies outside its clip range in 101 of 1000 records: it is learned as the nearest bound; "
          + "`clip: [lowest, highest]` says what may occur"
      ])
    var strict = HealthLimits()
    strict.clippedShareMax = 0
    #expect(told(1, strict).count == 1 && told(0, strict).isEmpty)
  }

  @Test("a weight that never comes is told as what it is")
  func weight() {
    var weight = field(.init(records: 500, missing: 500), isFeature: false, near: ["w"])
    weight.isWeight = true
    #expect(
      FieldReport(records: 500, fields: [weight]).warnings(limits: HealthLimits()) { "\($0)" } == [
        "weight x.A is absent from 500 of 500 records (keys near it: w): each counts 1"
      ])
  }

  @Test("an unknown category is told with one of them, and a label of no class however few they are")
  func strangers() {
    var origin = field(.init(records: 500, unknown: 500))
    origin.stranger = "\"EWR\" (near it: Ewr)"
    let detail = finding(.unknownValues, origin)?.detail
    #expect(
      detail
        == "feature a (path x.A) is none of the known values in 500 of 500 records, such as \"EWR\" (near it: Ewr)")
    let rejection = FieldReport.Rejection(
      field: "y", reason: "bad_label", records: 12, example: "\"very_late\" at t/0@9")
    let report = FieldReport(records: 17_000, rejections: [rejection])
    #expect(
      report.warnings(limits: HealthLimits()) { "\($0)" } == [
        "label y of 12 records is none that the task knows, e.g. \"very_late\" at t/0@9: they are rejected "
          + "(`model.task` binary takes 0 and 1, or the two of `classes`; multiclass those of `classes`; regression any number)"
      ])
  }

  @Test("records that are refused in bulk of late are told however many were good before")
  func refusedOfLate() throws {
    let sound = field(.init(records: 17_000), window: .init(records: 20))
    let old = FieldReport.Rejection(field: "time", reason: "bad_time", records: 300)
    let new = FieldReport.Rejection(
      field: "a", reason: "wrong_type", records: 100, window: 100, example: "\"1,0\" at t/0@9")
    let report = FieldReport(records: 17_000, fields: [sound], rejections: [old, new])
    let told =
      "100 of the last 120 records were rejected; a: 100 × wrong_type, e.g. \"1,0\" at t/0@9"
      + "; 'retrainctl dead-letters' says why, and what can be done"
    #expect(report.warnings(limits: HealthLimits()) { "\($0)" } == [told])
    var few = report
    few.rejections[1].window = 20
    #expect(few.warnings(limits: HealthLimits()) { "\($0)" }.isEmpty)
    // Of a program that did not count them.
    let older = #"{"reason":"wrong_type","records":7}"#
    #expect(try JSONDecoder().decode(FieldReport.Rejection.self, from: Data(older.utf8)).window == 0)
  }

  @Test("a checkpoint of an older program has no counts, and so no findings")
  func older() { #expect(examine(HealthWindow()).isEmpty) }

  @Test(
    "a feature that has gone missing is no usual sight for having been so for long: what was before it began counts")
  func goneForLong() {
    // Half of all records by now.
    let report = FieldReport(
      records: 4000,
      fields: [field(.init(records: 4000, missing: 2500), window: .init(records: 500, missing: 500))])
    func verdict(_ usual: [String: Double]) -> Verdict? {
      var window = HealthWindow(fields: report)
      window.usualMissing = usual
      return examine(window).first { $0.rule == HealthRule.featureGone.rawValue }?.verdict
    }
    #expect(verdict([:]) == .pass && verdict(["a": 0.02]) == .fail && verdict(["a": 0.98]) == .pass)
  }
}
