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
    var lines = [headline, progress, stable].compactMap(\.self)
    if let halted = status.halted { lines.append(palette.bad("halted: \(halted)")) }
    for trouble in status.troubles { lines.append(palette.bad("trouble: \(trouble)")) }
    lines += section("workers", workerTable, columns)
    lines += section("versions", versionTable(versions), columns)
    lines += decisionLines(decisions)
    lines += section("health a layer", TextTable(health: status.health, palette: palette), columns)
    lines += section("rejected", TextTable(rejected: status.rejectedByReason), columns)
    lines += section("incidents", TextTable(incidents: status.incidents, palette: palette, now: now), columns)
    if !status.servers.isEmpty {
      lines += [
        "", palette.bold("servers"), "  " + status.servers.map(server).joined(separator: "  "),
      ]
    }
    return lines.map { $0.cut(toWidth: columns) }
  }

  private func server(_ server: PipelineStatus.Server) -> String {
    "http://\(server.address) " + (server.version.map { "serves v\($0)" } ?? "waits for a stable version")
  }

  private var headline: String {
    let live = status.workers.count
    let state =
      switch (status.desiredState, live) {
      case ("running", 0): palette.warning("waiting for workers")
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
    if status.lostByBroker > 0 { parts.append("lost by the broker \(Wording.count(status.lostByBroker))") }
    if let lag = status.lag { parts.append("lag \(Wording.count(lag))") }
    if status.behindTransactions > 0 {
      parts.append("\(Wording.count(status.behindTransactions)) of it behind an open transaction")
    }
    if status.deadLetters.lost > 0 { parts.append("dead letters lost \(Wording.count(status.deadLetters.lost))") }
    if let metrics = status.checkpoint?.metrics {
      parts.append("loss \(Wording.figure(metrics.loss))")
      if metrics.auc != nil { parts.append("AUC \(Wording.figure(metrics.auc))") }
      if metrics.mae != nil { parts.append("MAE \(Wording.figure(metrics.mae))") }
    }
    return parts.joined(separator: " · ")
  }

  /// Which version is trusted, since when, and why.
  private var stable: String? {
    guard let version = status.stable else { return nil }
    let line = "stable version v\(version.number), since \(Wording.ago(version.since, now: now))"
    let why = status.decisions.first { $0.version == version.number && $0.to == version.state }
    return palette.good(line) + (why.map { ": \($0.reason)" } ?? "")
  }

  private func section(_ title: String, _ table: TextTable, _ columns: Int) -> [String] {
    table.isEmpty ? [] : ["", palette.bold(title)] + table.lines(palette: palette, columns: columns)
  }

  private var workerTable: TextTable {
    var table = TextTable(">rank", "state", ">step", "partitions", ">lag", "seen", "id")
    for worker in status.workers {
      table.add(
        worker.rank.map(String.init) ?? "–", worker.state, Wording.count(worker.step),
        worker.partitions.isEmpty ? "–" : worker.partitions.map(String.init).joined(separator: ","),
        worker.lag.map(Wording.count) ?? "–",
        Wording.ago(worker.lastSeen, now: now), worker.id)
    }
    return table
  }

  private func versionTable(_ limit: Int) -> TextTable {
    var table = TextTable(">version", "state", ">share", ">step", ">loss", ">AUC", "since")
    for version in status.versions.prefix(limit) {
      table.add(
        "v\(version.number)", palette.coloured(state: version.state), Wording.percent(version.share),
        version.step.map(Wording.count) ?? "–", Wording.figure(version.metrics?.loss),
        Wording.figure(version.metrics?.auc), Wording.ago(version.since, now: now))
    }
    return table
  }

  private func decisionLines(_ limit: Int) -> [String] {
    guard !status.decisions.isEmpty else { return [] }
    let lines = status.decisions.prefix(limit).map { decision in
      "  v\(decision.version) \(decision.from) → \(decision.to): \(decision.reason) "
        + palette.dim("(\(decision.rule), \(decision.actor), \(Wording.ago(decision.at, now: now)))")
    }
    return ["", palette.bold("last decisions")] + lines
  }
}
