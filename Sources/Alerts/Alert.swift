package import Foundation

/// An incident as whoever is told of it sees it: Alertmanager's alert.
package struct Alert: Sendable, Hashable {
  package var labels: [String: String]
  package var annotations: [String: String]
  package var startsAt: Date
  /// nil: it fires.
  package var endsAt: Date?

  package init(labels: [String: String], annotations: [String: String], startsAt: Date, endsAt: Date? = nil) {
    self.labels = labels
    self.annotations = annotations
    self.startsAt = startsAt
    self.endsAt = endsAt
  }

  /// A text that goes out is no longer: receivers have bounds of their own, as chats have.
  private static let textMax = 1000

  /// - Parameters:
  ///   - entry: The incident as the queue has it.
  ///   - description: What happened, in a sentence.
  ///   - endsAt: nil: it fires.
  package init(
    _ entry: AlertEntry, pipeline: String, layer: String?, feature: String?, description: String, endsAt: Date?
  ) {
    let name = AlertName(kind: entry.kind, isLasting: entry.isLasting)
    var labels = [
      "alertname": name.name, "pipeline": pipeline, "severity": entry.severity.label, "kind": entry.kind,
      "incident": String(entry.incident),
    ]
    labels["layer"] = layer.map { String($0.prefix(Self.textMax)) }
    labels["feature"] = feature.map { String($0.prefix(Self.textMax)) }
    let isLong = description.count > Self.textMax
    self.init(
      labels: labels,
      annotations: [
        "summary": name.summary, "runbook_url": name.runbook,
        "description": isLong ? description.prefix(Self.textMax - 1) + "…" : description,
      ],
      startsAt: entry.openedAt, endsAt: endsAt)
  }

  /// Which alert it is: two of the same labels are the same one.
  ///
  /// - Source: Prometheus, `model.LabelSet.Fingerprint` (FNV-1a over the labels in order of their names, each text closed by
  ///   255).
  package var fingerprint: String {
    var hash: UInt64 = 14_695_981_039_346_656_037
    func add(_ text: String) {
      for byte in Array(text.utf8) + [255] { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
    }
    // By bytes, as Go sorts.
    for (name, value) in labels.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      add(name)
      add(value)
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
