import Foundation

/// A pipeline's status for people: what `status` prints and what `start` shows.
struct StatusPage {
  let status: PipelineStatus
  let palette: Palette
  let now: Date

  init(_ status: PipelineStatus, palette: Palette, now: Date = Date()) {
    self.status = status
    self.palette = palette
    self.now = now
  }

  /// Lines no wider than `columns`.
  func lines(columns: Int = .max, decisions: Int = 5, versions: Int = 6) -> [String] {
    var lines = [headline, progress]
    if let halted = status.halted { lines.append(palette.bad("halted: \(halted)")) }
    lines += section("workers", workerTable, columns)
    lines += section("versions", versionTable(versions), columns)
    lines += decisionLines(decisions)
    lines += section("health a layer", healthTable, columns)
    lines += section("rejected", rejectedTable, columns)
    lines += section("incidents", incidentTable, columns)
    if !status.servers.isEmpty {
      lines += [
        "", palette.bold("servers"), "  " + status.servers.map { "http://\($0.address)" }.joined(separator: "  "),
      ]
    }
    return lines.map { $0.cut(toWidth: columns) }
  }

  private var headline: String {
    let live = status.workers.count
    let state =
      switch (status.desiredState, live) {
      case ("running", 0): palette.warning("no worker is alive")
      case ("running", _): palette.good("running")
      default: palette.warning(status.desiredState)
      }
    let generation = status.generation.map { ", generation \($0)" } ?? ""
    return palette.bold(status.pipeline) + "  \(state), \(live) of \(status.desiredWorkers) workers\(generation)"
  }

  private var progress: String {
    var parts = ["step \(Wording.count(status.step))", "trained \(Wording.count(status.trained))"]
    parts.append("rejected \(Wording.count(status.rejected))")
    if !status.workers.isEmpty { parts.append("\(Wording.count(Int64(status.recordsPerSecond))) records/s") }
    if let lag = status.lag { parts.append("lag \(Wording.count(lag))") }
    if let metrics = status.checkpoint?.metrics {
      parts.append("loss \(Wording.figure(metrics.loss))")
      if metrics.auc != nil { parts.append("AUC \(Wording.figure(metrics.auc))") }
    }
    return parts.joined(separator: " · ")
  }

  private func section(_ title: String, _ table: TextTable, _ columns: Int) -> [String] {
    table.isEmpty ? [] : ["", palette.bold(title)] + table.lines(palette: palette, columns: columns)
  }

  private var workerTable: TextTable {
    var table = TextTable(">rank", "state", ">step", ">records/s", ">lag", "seen", "id")
    for worker in status.workers {
      table.add(
        worker.rank.map(String.init) ?? "–", worker.state, Wording.count(worker.step),
        Wording.count(Int64(worker.recordsPerSecond)), worker.lag.map(Wording.count) ?? "–",
        Wording.ago(worker.lastSeen, now: now), worker.id)
    }
    return table
  }

  private func versionTable(_ limit: Int) -> TextTable {
    var table = TextTable(">version", "state", ">share", ">step", ">loss", ">AUC", "since")
    for version in status.versions.prefix(limit) {
      table.add(
        "v\(version.number)", coloured(state: version.state), Wording.percent(version.share),
        version.step.map(Wording.count) ?? "–", Wording.figure(version.metrics?.loss),
        Wording.figure(version.metrics?.auc), Wording.ago(version.since, now: now))
    }
    return table
  }

  func coloured(state: String) -> String {
    switch state {
    case "stable": palette.good(state)
    case "rejected", "rolled_back": palette.bad(state)
    case "canary", "candidate", "validated": palette.warning(state)
    default: state
    }
  }

  private func decisionLines(_ limit: Int) -> [String] {
    guard !status.decisions.isEmpty else { return [] }
    let lines = status.decisions.prefix(limit).map { decision in
      "  v\(decision.version) \(decision.from) → \(decision.to): \(decision.reason) "
        + palette.dim("(\(decision.rule), \(decision.actor), \(Wording.ago(decision.at, now: now)))")
    }
    return ["", palette.bold("last decisions")] + lines
  }

  var healthTable: TextTable {
    var table = TextTable(
      "layer", ">zeros", ">saturated", ">dead units", ">non-finite", ">gradient norm", ">update/weight")
    for layer in status.health {
      table.add(
        layer.layer, Wording.percent(layer.zeroShare), Wording.percent(layer.saturatedShare),
        layer.units > 0 ? "\(layer.deadUnits) of \(layer.units)" : "–",
        layer.nonFinite == 0 ? "0" : palette.bad(Wording.count(layer.nonFinite)), Wording.measure(layer.gradientNorm),
        Wording.measure(layer.updateRatio))
    }
    return table
  }

  var rejectedTable: TextTable {
    var table = TextTable("reason", ">records")
    for (reason, count) in status.rejectedByReason.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) })
    where count > 0 {
      table.add(reason, Wording.count(count))
    }
    return table
  }

  private var incidentTable: TextTable {
    var table = TextTable(">id", "severity", "kind", "layer", "feature", "records", "when")
    for incident in status.incidents.prefix(5) {
      table.add(
        String(incident.id), incident.severity == "error" ? palette.bad(incident.severity) : incident.severity,
        incident.kind, incident.layer ?? "–", incident.feature ?? "–",
        incident.positions.first.map { $0 + (incident.positions.count > 1 ? " +\(incident.positions.count - 1)" : "") }
          ?? "–", Wording.ago(incident.at, now: now))
    }
    return table
  }
}
