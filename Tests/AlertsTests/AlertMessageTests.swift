import Alerts
import Foundation
import Pipelines
import Testing
import Vocabulary

@Suite("Alert messages")
struct AlertMessageTests {
  private static let start = Date(timeIntervalSince1970: 1_700_000_000)

  private static func entry(_ incident: Int64, kind: String, isLasting: Bool = true) -> AlertEntry {
    AlertEntry(incident: incident, kind: kind, severity: .warning, isLasting: isLasting, openedAt: start)
  }

  @Test("the message is Alertmanager's, version 4, key by key")
  func golden() {
    let message = AlertMessage(
      receiver: "hooks.example.com", pipeline: "flights",
      alerts: [
        Alert(
          AlertEntry(incident: 7, kind: "diverging", severity: .error, isLasting: true, openedAt: Self.start),
          pipeline: "flights", layer: nil, feature: nil, description: "it \"diverges\"\nfast", endsAt: nil),
        Alert(
          Self.entry(6, kind: "saturated"), pipeline: "flights", layer: "hidden_1", feature: nil, description: "full",
          endsAt: Self.start.addingTimeInterval(60)),
      ], truncated: 3)
    let diverging =
      #"{"annotations":{"description":"it \"diverges\"\nfast","runbook_url":"deploy/runbooks/RetrainLossDiverging.md","#
      + #""summary":"what is learned does harm"},"endsAt":"0001-01-01T00:00:00Z","fingerprint":"FIRST","#
      + #""generatorURL":"","labels":{"alertname":"RetrainLossDiverging","incident":"7","kind":"diverging","#
      + #""pipeline":"flights","severity":"page"},"startsAt":"2023-11-14T22:13:20Z","status":"firing"}"#
    let saturated =
      #"{"annotations":{"description":"full","runbook_url":"deploy/runbooks/RetrainDeadUnits.md","#
      + #""summary":"saturated"},"endsAt":"2023-11-14T22:14:20Z","fingerprint":"SECOND","generatorURL":"","#
      + #""labels":{"alertname":"RetrainSaturated","incident":"6","kind":"saturated","layer":"hidden_1","#
      + #""pipeline":"flights","severity":"ticket"},"startsAt":"2023-11-14T22:13:20Z","status":"resolved"}"#
    let expected =
      #"{"alerts":[\#(diverging),\#(saturated)],"commonAnnotations":{},"commonLabels":{"pipeline":"flights"},"#
      + #""externalURL":"","groupKey":"{}:{pipeline=\"flights\"}","groupLabels":{"pipeline":"flights"},"#
      + #""receiver":"hooks.example.com","status":"firing","truncatedAlerts":3,"version":"4"}"#
    let written = expected.replacing("FIRST", with: message.alerts[0].fingerprint)
      .replacing("SECOND", with: message.alerts[1].fingerprint)
    #expect(message.json == written)
  }

  @Test("it is resolved once nothing fires, and what all alerts have alike is common to them")
  func resolved() throws {
    let alerts = [1, 2].map {
      Alert(
        Self.entry($0, kind: "non_finite", isLasting: false), pipeline: "p", layer: "cross_1", feature: nil,
        description: "d", endsAt: Self.start)
    }
    let message = AlertMessage(receiver: "r", pipeline: "p", alerts: alerts)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(message.json.utf8)) as? [String: Any])
    #expect(json["status"] as? String == "resolved" && json["truncatedAlerts"] as? Int == 0)
    #expect(
      json["commonLabels"] as? [String: String] == [
        "alertname": "RetrainRecordsQuarantined", "kind": "non_finite", "layer": "cross_1", "pipeline": "p",
        "severity": "ticket",
      ])
    #expect((json["commonAnnotations"] as? [String: String])?["description"] == "d")
  }

  /// Values of `model.LabelSet.Fingerprint` by the definition: FNV-1a of 64 bits, each text closed by 255.
  @Test("an alert's fingerprint is Prometheus's, of its labels alone")
  func fingerprint() {
    func alert(_ labels: [String: String], _ text: String = "") -> Alert {
      Alert(labels: labels, annotations: ["description": text], startsAt: Self.start)
    }
    #expect(alert([:]).fingerprint == "cbf29ce484222325")
    #expect(alert(["a": "b"]).fingerprint == "d2b371819297f98a")
    #expect(alert(["a": "b"], "other").fingerprint == alert(["a": "b"]).fingerprint)
    #expect(alert(["alertname": "X", "pipeline": "p"]).fingerprint == "3815b4f946ffbb78")
  }

  @Test("a long sentence is cut, and whatever is in it stays JSON")
  func longTexts() throws {
    let alert = Alert(
      Self.entry(1, kind: "saturated"), pipeline: "p", layer: nil, feature: String(repeating: "f", count: 5000),
      description: String(repeating: "é\u{0}\u{2028}", count: 5000), endsAt: nil)
    let json = AlertMessage(receiver: "r", pipeline: "p", alerts: [alert]).json
    #expect(json.utf8.count < 12_000 && !json.contains("\n"))
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(json.utf8)) }
    #expect(alert.annotations["description"]?.hasSuffix("…") == true)
  }

  @Test(
    "an incident that is an alert of deploy/prometheus has its name, and its runbook is there; so has every other one")
  func names() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let rules = try String(contentsOf: root.appending(path: "deploy/prometheus/alerts.yml"), encoding: .utf8)
    #expect(AlertName.shared.count > 5)
    for name in AlertName.shared { #expect(rules.contains("- alert: \(name)\n"), "\(name)") }
    for kind in IncidentKind.names {
      for isLasting in [true, false] {
        let name = AlertName(kind: kind, isLasting: isLasting)
        #expect(FileManager.default.fileExists(atPath: root.appending(path: name.runbook).path), "\(name)")
      }
    }
    // Where there is an alert of deploy/prometheus, the runbook is that alert's.
    for kind in IncidentKind.names {
      for name in [AlertName(kind: kind, isLasting: true), AlertName(kind: kind, isLasting: false)]
      where AlertName.shared.contains(name.name) {
        #expect(name.runbook == "deploy/runbooks/\(name.name).md", "\(kind)")
      }
    }
    #expect(AlertName(kind: "database_disk_full", isLasting: true).name == "RetrainDatabaseDiskFull")
    #expect(AlertName(kind: "non_finite", isLasting: true).name == "RetrainNonFiniteValues")
    #expect(AlertName(kind: "non_finite", isLasting: false).name == "RetrainRecordsQuarantined")
  }
}
