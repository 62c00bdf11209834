import Foundation

extension TextTable {
  /// The activation health of layers.
  init(health layers: [PipelineStatus.Layer], palette: Palette) {
    self.init("layer", ">zeros", ">saturated", ">dead units", ">non-finite", ">gradient norm", ">update/weight")
    for layer in layers {
      add(
        layer.layer, Wording.percent(layer.zeroShare), Wording.percent(layer.saturatedShare),
        layer.units > 0 ? "\(layer.deadUnits) of \(layer.units)" : "–",
        layer.nonFinite == 0 ? "0" : palette.bad(Wording.count(layer.nonFinite)), Wording.measure(layer.gradientNorm),
        Wording.measure(layer.updateRatio))
    }
  }

  /// Rejected records by reason, the most frequent first.
  init(rejected: [String: Int64]) {
    self.init("reason", ">records")
    for (reason, count) in rejected.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) where count > 0 {
      add(reason, Wording.count(count))
    }
  }

  init(incidents: [PipelineStatus.Incident], palette: Palette, now: Date) {
    self.init(">id", "severity", "kind", "layer", "feature", "records", "when")
    for incident in incidents {
      let more = incident.positions.count > 1 ? " +\(incident.positions.count - 1)" : ""
      add(
        String(incident.id), incident.severity == "error" ? palette.bad(incident.severity) : incident.severity,
        incident.kind, incident.layer ?? "–", incident.feature ?? "–", (incident.positions.first ?? "–") + more,
        Wording.ago(incident.at, now: now) + (incident.closedAt.map { ", over \(Wording.ago($0, now: now))" } ?? ""))
    }
  }
}

extension Palette {
  func coloured(state: String) -> String {
    switch state {
    case "stable": good(state)
    case "rejected", "rolled_back": bad(state)
    case "canary", "candidate", "validated": warning(state)
    default: state
    }
  }
}
