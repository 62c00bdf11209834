package import Foundation
import JSON

/// What one receiver is told at once: the alerts of a pipeline, as Alertmanager's webhooks have them.
///
/// - Source: Alertmanager, `webhook_config`, version 4 of the message; `notify/webhook` and `template.Data`.
package struct AlertMessage: Sendable, Hashable {
  /// The receiver's name.
  package var receiver: String
  package var pipeline: String
  /// Not empty.
  package var alerts: [Alert]
  /// So many more there are, of which the message says nothing.
  package var truncated = 0

  package init(receiver: String, pipeline: String, alerts: [Alert], truncated: Int = 0) {
    self.receiver = receiver
    self.pipeline = pipeline
    self.alerts = alerts
    self.truncated = truncated
  }

  /// A message that nothing has happened for, so that people see it arrive.
  package static func test(receiver: String, pipeline: String, now: Date, endsAt: Date? = nil) -> AlertMessage {
    AlertMessage(
      receiver: receiver, pipeline: pipeline,
      alerts: [
        Alert(
          labels: ["alertname": "RetrainTest", "pipeline": pipeline, "severity": "notice", "kind": "test"],
          annotations: [
            "summary": "a test: nothing is wrong", "runbook_url": "deploy/runbooks/RetrainIncidentOpen.md",
            "description": "'retrainctl alerts test' was run; alerts of the pipeline \(pipeline) come this way",
          ], startsAt: now, endsAt: endsAt)
      ])
  }

  private struct Written: Encodable {
    struct Alert: Encodable {
      let status: String
      let labels, annotations: [String: String]
      let startsAt, endsAt: String
      let generatorURL = ""
      let fingerprint: String
    }

    let version = "4"
    let groupKey: String
    let truncatedAlerts: Int
    let status, receiver: String
    let groupLabels, commonLabels, commonAnnotations: [String: String]
    let externalURL = ""
    let alerts: [Alert]
  }

  /// What Go writes for a time that there is none of.
  private static let never = "0001-01-01T00:00:00Z"

  /// The message as JSON: one line.
  package var json: String {
    let written = Written(
      groupKey: "{}:{pipeline=\(JSONText.quoted(pipeline))}", truncatedAlerts: truncated,
      status: alerts.contains { $0.endsAt == nil } ? "firing" : "resolved", receiver: receiver,
      groupLabels: ["pipeline": pipeline], commonLabels: Self.common(alerts.map(\.labels)),
      commonAnnotations: Self.common(alerts.map(\.annotations)),
      alerts: alerts.map {
        Written.Alert(
          status: $0.endsAt == nil ? "firing" : "resolved", labels: $0.labels, annotations: $0.annotations,
          startsAt: $0.startsAt.ISO8601Format(), endsAt: $0.endsAt?.ISO8601Format() ?? Self.never,
          fingerprint: $0.fingerprint)
      })
    // Texts and counts: there is nothing in it that JSON could not hold.
    return (try? JSONText.canonical(written)) ?? ""
  }

  /// What all of them have alike.
  private static func common(_ all: [[String: String]]) -> [String: String] {
    (all.first ?? [:]).filter { pair in all.allSatisfy { $0[pair.key] == pair.value } }
  }
}
