import Pipelines
import Testing
import Vocabulary

@Suite("Settings of health rules")
struct HealthRuleSettingsTests {
  private static func file(_ rules: String) -> String {
    """
    name: small
    source: { topic: events }
    schema:
      label: { path: y }
      features: [{ name: n, type: float }]
    model: { task: binary }
    health:
      rules:
        - { \(rules) }
    """
  }

  @Test("a rule has a threshold, an action, and what it is about; without rules nothing is written of them")
  func rules() throws {
    let pipeline = try parsed(Self.file("rule: dead_units, of: hidden_1, threshold: 0.5, action: page"))
    let rule = try #require(pipeline.health.rules.first)
    #expect(rule.rule == .deadUnits && rule.of == "hidden_1" && rule.threshold == 0.5 && rule.action == .page)
    #expect(try parsed(pipeline.effectiveYAML) == pipeline)
    #expect(!(try parsed(Self.file("rule: drift, action: \"off\"")).effectiveYAML.contains("threshold")))
    let plain = try parsed(
      Self.file("rule: drift, action: note").split(separator: "\n").dropLast(3).joined(separator: "\n"))
    #expect(plain.health.rules.isEmpty && !plain.effectiveYAML.contains("rules:"))
  }

  @Test(
    "what cannot be meant is a mistake with its place",
    arguments: [
      ("rule: dead_unit, action: page", "did you mean dead_units?"),
      ("rule: dead_units", "it says nothing of dead_units"),
      ("rule: dead_units, action: pager", "did you mean page?"),
      ("action: page", "rule"),
      ("rule: dead_units, of: hiden_1, action: page", "did you mean `hidden_1`?"),
      ("rule: missing_feature, of: m, action: page", "there is no feature `m`"),
      ("rule: diverging, of: hidden_1, action: page", "is about the stream as a whole"),
      ("rule: non_finite, action: note", "never let pass"),
      ("rule: stalled_stream, action: lower_rate", "nothing is learned at any rate"),
      ("rule: non_finite, threshold: 3", "never let pass"),
      ("rule: dead_units, action: roll_back", "says nothing of the version that serves"),
      ("rule: feature_drift, action: roll_back", "a version can show loss_drift"),
      ("rule: saturated, threshold: 1.2", "is never more than 1: it would never fail"),
      ("rule: drift, threshold: -0.1", "is never less than 0: it would always fail"),
      ("rule: repeated_records, threshold: 1.5", "is never more than 1: it would always fail"),
      ("rule: normalizer_stalled, threshold: -1", "is never less than 0: it would never fail"),
      ("rule: unit_change, threshold: 0.5", "is never less than 1: it would always fail"),
      ("rule: loss_spike, action: swap_activation", "swap_activation mends nothing of what loss_spike shows"),
      ("rule: saturated, action: reset_bias", "it is for dead_units"),
    ])
  func mistakes(rules: String, part: String) {
    let found = report(on: Self.file(rules))
    #expect(found.contains(part) && found.contains(":9:"), "\(found)")
  }

  @Test(
    "a remedy of which the model has no use is a mistake too",
    arguments: [
      ("activation: gelu", "swap_activation", "no activation is known that gelu would be swapped for"),
      ("kind: linear", "reset_bias", "the model has no hidden layers of its own"),
      ("activation: relu", "swap_activation", nil), ("activation: gelu", "reset_bias", nil),
    ] as [(String, String, String?)])
  func remedies(model: String, action: String, complaint: String?) throws {
    let file = (Self.file("rule: dead_units, action: \(action)") + "\nretrain: { on: [health] }")
      .replacing("task: binary", with: "task: binary, \(model)")
    if let complaint {
      let found = report(on: file)
      #expect(found.contains(complaint) && found.contains(":9:"), "\(found)")
    } else {
      #expect(try parsed(file).health.rules.count == 1)
    }
  }
}
