import Health
import Testing
import Vocabulary

@Suite("Thresholds of rules")
struct RuleThresholdTests {
  @Test(
    "that a rule has unless a pipeline says otherwise lie within what it can observe", arguments: HealthRule.allCases)
  func defaults(rule: HealthRule) {
    let threshold = HealthPolicy().threshold(of: rule)
    #expect(rule.thresholds.contains(threshold), "\(rule.rawValue): \(threshold)")
  }
}
