import Foundation
import TestKit
import Testing

/// The rules under `deploy/prometheus`, read as text.
struct AlertRules {
  static let folder = Workplace.repository + "/deploy/prometheus"

  private let text: String
  /// Alerts in the order in which they stand.
  let alerts: [String]

  init() throws {
    text = try ["recording.yml", "alerts.yml"].map {
      try String(contentsOfFile: "\(Self.folder)/\($0)", encoding: .utf8)
    }.joined()
    let word = try Regex(#"- alert: ([A-Za-z]+)"#, as: (Substring, Substring).self)
    alerts = text.matches(of: word).map { String($0.output.1) }
  }

  /// The series that the rules look at, without those that they make themselves.
  var names: Set<String> {
    let lines = text.split(separator: "\n").filter { line in
      let line = line.drop { $0 == " " }
      return !line.hasPrefix("#") && !line.hasPrefix("runbook_url")
    }
    return Set(lines.joined(separator: "\n").matches(of: /\b(?:retrain_[a-z0-9_]+|up(?=\{))/).map { String($0.output) })
  }

  /// What a test of the rules expects to fire.
  static func tested(in text: String) -> Set<String> {
    Set(text.matches(of: /alertname: ([A-Za-z]+)\n +exp_alerts:\n/).map { String($0.output.1) })
  }
}

@Suite("Alerts")
struct AlertRulesTests {
  private func text(_ path: String) throws -> String {
    try String(contentsOfFile: Workplace.repository + "/deploy/" + path, encoding: .utf8)
  }

  @Test("every alert has a severity that somebody is told of, a test that makes it fire, and its runbook")
  func complete() throws {
    let rules = try AlertRules()
    #expect(rules.alerts.count > 15)
    #expect(Set(rules.alerts).count == rules.alerts.count)
    let tested = AlertRules.tested(in: try text("prometheus/tests/alerts.test.yml"))
    #expect(Set(rules.alerts).subtracting(tested).isEmpty, "\(Set(rules.alerts).subtracting(tested).sorted())")
    let alerts = try text("prometheus/alerts.yml")
    for alert in rules.alerts {
      #expect(alerts.contains("runbook_url: deploy/runbooks/\(alert).md"), "\(alert)")
      #expect(throws: Never.self, "\(alert)") { try text("runbooks/\(alert).md") }
    }
    let severities = alerts.matches(of: /severity: ([a-z]+)/).map { String($0.output.1) }
    #expect(severities.count == rules.alerts.count)
    #expect(Set(severities) == ["page", "ticket", "none"])
    let routes = try text("prometheus/alertmanager.yml")
    for severity in Set(severities) { #expect(routes.contains(#"matchers: [severity="\#(severity)"]"#), "\(severity)") }
    // What inhibits or is inhibited exists.
    for name in routes.matches(of: /Retrain[A-Za-z]+/).map({ String($0.output) }) {
      #expect(rules.alerts.contains(name), "\(name)")
    }
  }

  @Test(
    "promtool finds nothing to object to, and the rules tell of what they are there for and of nothing else",
    .enabled(if: Promtool.path != nil, "promtool is not installed"))
  func judged() throws {
    for words in [
      ["check", "rules", "recording.yml", "alerts.yml"], ["check", "config", "prometheus.yml"],
      ["test", "rules", "tests/alerts.test.yml"],
    ] {
      let verdict = try Promtool.judge(words, in: AlertRules.folder)
      #expect(verdict.code == 0, "promtool \(words.joined(separator: " ")): \(verdict.words)")
    }
  }

  @Test(
    "Alertmanager takes its configuration, and routes pages, tickets and what only holds back to different places",
    .enabled(if: Promtool.find("amtool") != nil, "amtool is not installed (apt-get install prometheus-alertmanager)"))
  func routed() throws {
    let tool = Promtool.find("amtool")
    let checked = try Promtool.judge(["check-config", "alertmanager.yml"], in: AlertRules.folder, tool: tool)
    #expect(checked.code == 0, "\(checked.words)")
    for (severity, receiver) in [("page", "pager"), ("ticket", "tickets"), ("none", "nobody")] {
      let route = try Promtool.judge(
        [
          "config", "routes", "test", "--config.file=alertmanager.yml", "--verify.receivers=\(receiver)",
          "severity=\(severity)", "pipeline=flights",
        ], in: AlertRules.folder, tool: tool)
      #expect(route.code == 0, "\(severity): \(route.words)")
    }
  }
}
