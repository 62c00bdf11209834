import Evaluation
import Foundation
import Health
import Rollouts

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

  /// How much is shown.
  struct Fullness {
    var versions: Int
    var decisions: Int
    var hasBlankLines: Bool
    /// Layers only where one is sick; of features, rejections and incidents the most important ones.
    var isBrief: Bool

    static let all = [
      Fullness(versions: 6, decisions: 5, hasBlankLines: true, isBrief: false),
      Fullness(versions: 4, decisions: 3, hasBlankLines: false, isBrief: false),
      Fullness(versions: 4, decisions: 3, hasBlankLines: false, isBrief: true),
      Fullness(versions: 2, decisions: 1, hasBlankLines: false, isBrief: true),
    ]
  }

  /// Lines no wider than `columns` and, by leaving out what matters least, no more than `rows`.
  func lines(columns: Int = .max, rows: Int = .max) -> [String] {
    var lines: [String] = []
    for fullness in Fullness.all {
      lines = page(fullness, columns).map { $0.cut(toWidth: columns) }
      if lines.count <= rows { return lines }
    }
    // The most important comes first.
    let left = lines.count - max(1, rows) + 1
    let more = palette.dim("… \(left) more lines: see 'status | less'").cut(toWidth: columns)
    return lines.prefix(max(1, rows) - 1) + [more]
  }

  private func page(_ fullness: Fullness, _ columns: Int) -> [String] {
    var lines = [headline] + wrapped(progress, columns)
    if let halted = status.halted { lines += wrapped(["halted: \(halted)"], columns).map(palette.bad) }
    if let freeze = status.freeze {
      lines += Self.filled("nothing is promoted, \(freeze.sentence)", columns).map(palette.warning)
    }
    if let wait = status.driftWait { lines += Self.filled(wait.words, columns).map(palette.dim) }
    for run in status.runs {
      lines += Self.filled(run.sentence, columns)
      lines += Self.filled("its stages: \(run.stageSentence)", columns - 2).map { "  " + palette.dim($0) }
      guard !fullness.isBrief, let sentence = run.recoverySentence else { continue }
      lines += Self.filled(sentence, columns - 2).map { "  " + palette.dim($0) }
    }
    for trouble in status.troubles { lines += Self.filled("trouble: " + trouble, columns).map(palette.bad) }
    for warning in status.warnings { lines += Self.filled("! " + warning, columns).map(palette.warning) }
    lines += [stable].compactMap(\.self)
    func add(_ title: String, _ table: TextTable) {
      guard !table.isEmpty else { return }
      if fullness.hasBlankLines { lines.append("") }
      let rows = table.lines(palette: palette, columns: columns)
      if fullness.hasBlankLines { return lines += [palette.bold(title)] + rows }
      // The table's own heading tells what it is about.
      lines += rows
    }
    if let members = status.members, !fullness.isBrief { lines += Self.filled(Wording.members(members), columns) }
    add("measures, test then train", TextTable(measures: spans))
    add("further heads", TextTable(heads: status.heads))
    add("rejected", rejected(limit: fullness.isBrief ? 2 : 8))
    add("features", TextTable(features: features(limit: fullness.isBrief ? 2 : 12), palette: palette))
    add("versions", versionTable(fullness.versions))
    for version in status.versions where version.share > 0 {
      guard let loss = version.frozenLoss else { continue }
      lines += Self.filled("v\(version.number) \(loss.sentence)", columns - 2).map { "  " + $0 }
    }
    for version in status.versions.prefix(fullness.versions) {
      guard let waits = version.waits else { continue }
      lines += Self.filled("v\(version.number) \(waits)", columns - 2).map { "  " + palette.dim($0) }
    }
    lines += decisionLines(fullness, columns)
    if !fullness.isBrief || isSick { add("health a layer", TextTable(health: status.health, palette: palette)) }
    add("workers", workerTable)
    let incidents = Array(status.incidents.prefix(fullness.isBrief ? 1 : 5))
    add("incidents", TextTable(incidents: incidents, palette: palette, now: now))
    if !status.servers.isEmpty {
      if fullness.hasBlankLines { lines += ["", palette.bold("servers")] }
      lines += status.servers.map { "  " + server($0) }
    }
    if !fullness.isBrief { add("metrics for Prometheus", metricsTable) }
    return lines
  }

  private func server(_ server: PipelineStatus.Server) -> String {
    "http://\(server.address) " + (server.version.map { "serves v\($0)" } ?? "waits for a stable version")
  }

  private var headline: String {
    // One that was killed is known for some seconds more, beside the one that takes its place.
    let newest = status.workers.map(\.lastSeen).max() ?? now
    let live = status.workers.count { newest.timeIntervalSince($0.lastSeen) < 2.5 }
    let state =
      switch (status.desiredState, live) {
      case ("running", 0): palette.warning("waiting for workers")
      case ("running", _): palette.good("running")
      default: palette.warning(status.desiredState)
      }
    let generation = status.generation.map { ", generation \($0)" } ?? ""
    return palette.bold(status.pipeline) + "  \(state), \(live) of \(status.desiredWorkers) workers\(generation)"
  }

  private var progress: [String] {
    var parts = ["step \(Wording.count(status.step))", "trained \(Wording.count(status.trained))"]
    if status.unlabelled > 0 { parts.append("without a label \(Wording.count(status.unlabelled))") }
    parts.append("rejected \(Wording.count(status.rejected))")
    if !status.workers.isEmpty { parts.append("\(Wording.count(Int64(status.recordsPerSecond))) records/s") }
    if status.lostByBroker > 0 { parts.append("lost by the broker \(Wording.count(status.lostByBroker))") }
    if let lag = status.lag { parts.append("lag \(Wording.count(lag))") }
    if status.behindTransactions > 0 {
      parts.append("\(Wording.count(status.behindTransactions)) of it behind an open transaction")
    }
    if status.deadLetters.lost > 0 { parts.append("dead letters lost \(Wording.count(status.deadLetters.lost))") }
    if let measures = status.measures {
      parts.append("loss \(Wording.compact(measures.loss))")
      if measures.auc != nil { parts.append("AUC \(Wording.figure(measures.auc))") }
      if measures.mae != nil { parts.append("MAE \(Wording.compact(measures.mae))") }
    }
    return parts
  }

  /// Parts with dots between them, on as many lines as they need.
  private func wrapped(_ parts: [String], _ columns: Int) -> [String] {
    var lines: [String] = []
    for part in parts {
      if let last = lines.last, last.visibleWidth + 3 + part.visibleWidth <= columns {
        lines[lines.count - 1] = last + " · " + part
      } else {
        lines += Self.filled(part, columns)
      }
    }
    return lines
  }

  /// Words on as many lines as they need; those after the first are set in.
  private static func filled(_ text: String, _ columns: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= columns {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append((lines.isEmpty ? "" : "  ") + word)
      }
    }
    return lines
  }

  /// Which version is trusted, since when, and why.
  private var stable: String? {
    guard let version = status.stable else { return nil }
    let line = "stable version v\(version.number), since \(Wording.ago(version.since, now: now))"
    let why = status.decisions.first { $0.version == version.number && $0.to == version.state }
    return palette.good(line) + (why.map { ": \($0.reason)" } ?? "")
  }

  /// Whether a layer has a number that is not finite or lost most of its units.
  private var isSick: Bool {
    status.health.contains { $0.nonFinite > 0 || ($0.units > 0 && $0.deadUnits * 2 > $0.units) }
  }

  private var spans: [(String, PipelineStatus.Metrics)] {
    var spans: [(String, PipelineStatus.Metrics)] = []
    if let measures = status.measures { spans.append(("all", measures)) }
    if let window = status.window { spans.append(("recent", window)) }
    return spans
  }

  private func rejected(limit: Int) -> TextTable {
    var table = TextTable("rejected: records, reason, an example")
    for rejection in status.rejections.prefix(limit) { table.add(rejection.sentence(count: Wording.count)) }
    let more = status.rejections.count - limit
    if more > 0 { table.add("\(more) more reasons: see 'retrainctl dead-letters'") }
    return table
  }

  /// Those to which most happened.
  private func features(limit: Int) -> [PipelineStatus.Feature] {
    func weight(_ feature: PipelineStatus.Feature) -> Int64 {
      max(feature.missing, feature.clipped, feature.unknown, feature.wild, feature.rejected)
    }
    let shown = status.features.filter { !$0.isClean }
    guard shown.count > limit else { return shown }
    return Array(shown.sorted { weight($0) > weight($1) }.prefix(limit))
  }

  private var workerTable: TextTable {
    var table = TextTable(">rank", "state", ">step", "partitions", ">lag", "seen", "id")
    for worker in status.workers {
      table.add(
        worker.rank.map(String.init) ?? "–", worker.state, Wording.count(worker.step),
        worker.partitions.isEmpty ? "–" : Wording.ranges(worker.partitions),
        worker.lag.map(Wording.count) ?? "–",
        Wording.ago(worker.lastSeen, now: now), worker.id)
    }
    return table
  }

  /// Where each role answers Prometheus.
  private var metricsTable: TextTable {
    var table = TextTable("role", "metrics")
    func add(_ role: String, _ address: String?) { if let address { table.add(role, "http://\(address)/metrics") } }
    for controller in status.controllers {
      add(controller.holdsLease ? "controller" : "controller, waiting", controller.metricsAddress)
    }
    for worker in status.workers {
      add(worker.rank.map { "worker of rank \($0)" } ?? "worker without a rank", worker.metricsAddress)
    }
    for server in status.servers { add("server", server.metricsAddress) }
    return table
  }

  private func versionTable(_ limit: Int) -> TextTable {
    let quality = TextTable.quality(status.versions.map(\.metrics))
    var table = TextTable(">version", "state", ">share", ">step", ">loss", ">\(quality.title)", "since")
    for version in status.versions.prefix(limit) {
      table.add(
        "v\(version.number)", palette.coloured(version), Wording.percent(version.share),
        version.step.map(Wording.count) ?? "–", Wording.compact(version.metrics?.loss),
        quality.value(version.metrics), Wording.ago(version.since, now: now))
    }
    return table
  }

  private func decisionLines(_ fullness: Fullness, _ columns: Int) -> [String] {
    guard !status.decisions.isEmpty else { return [] }
    let lines = status.decisions.prefix(fullness.decisions).flatMap { decision in
      Self.filled(
        "v\(decision.version) \(decision.from) → \(decision.to): \(decision.reason) "
          + "(\(decision.rule), \(decision.actor), \(Wording.ago(decision.at, now: now)))", columns - 2
      ).map { "  " + $0 }
    }
    return (fullness.hasBlankLines ? [""] : []) + [palette.bold("last decisions")] + lines
  }
}
