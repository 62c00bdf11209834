import Evaluation
import Foundation

/// What a run shows while it works: a live screen on a terminal, log lines otherwise.
final class RunReporter {
  private let screen: LiveScreen?
  private let palette: Palette
  private var notices: [String] = []
  private var lastDrawn = ContinuousClock.now - .seconds(10)
  private var lastLine = ContinuousClock.now
  private var lastDecision: Int64?
  /// By what they are about, so that a number that grows is not told again.
  private var toldWarnings: Set<String> = []

  /// - Parameter isQuiet: Standard output is for the answer alone: lines go to standard error.
  init(isQuiet: Bool) {
    let isLive = Terminal.isInteractive(STDOUT_FILENO) && !isQuiet
    screen = isLive ? LiveScreen() : nil
    palette = isLive ? .standardOutput : .plain
  }

  /// Something that happened; stays visible.
  func note(_ line: String) {
    guard screen != nil else { return Console.complain(line) }
    notices.append(line)
    if notices.count > 4 { notices.removeFirst(notices.count - 4) }
    lastDrawn = .now - .seconds(10)
  }

  /// Shows the status, as often as is useful.
  func show(_ status: PipelineStatus?, trouble: String?, activity: String) {
    let now = ContinuousClock.now
    if let status { tellWarnings(of: status) }
    guard let screen else { return showLine(status, trouble: trouble, now: now) }
    guard lastDrawn.duration(to: now) > .milliseconds(300) else { return }
    lastDrawn = now
    var rest = trouble.map { [palette.warning("the status cannot be read: \($0)")] } ?? []
    let size = screen.size
    rest += [palette.dim(activity)] + notices.suffix(size.rows < 32 ? 2 : 4)
    let page = status.map {
      StatusPage($0, palette: palette).lines(columns: size.columns, rows: max(4, size.rows - 1 - rest.count))
    }
    screen.draw((page ?? []) + rest)
  }

  /// Without a picture each is a line, once.
  func tellWarnings(of status: PipelineStatus) {
    guard screen == nil else { return }
    for warning in status.warnings {
      let subject = warning.filter { !$0.isNumber && $0 != "," }
      if toldWarnings.insert(subject).inserted { Console.complain("warning: " + warning) }
    }
  }

  /// Without a terminal: a line every few seconds, and one for every decision.
  private func showLine(_ status: PipelineStatus?, trouble: String?, now: ContinuousClock.Instant) {
    guard let status else { return }
    // What an earlier run decided is no news.
    let known = lastDecision ?? status.decisions.first?.id ?? 0
    lastDecision = known
    for decision in status.decisions.reversed() where decision.id > known {
      lastDecision = decision.id
      Console.complain("v\(decision.version) \(decision.from) → \(decision.to): \(decision.reason)")
    }
    guard lastLine.duration(to: now) > .seconds(5) else { return }
    lastLine = now
    let metrics = status.measures
    Console.complain(
      "step \(Wording.count(status.step)) · trained \(Wording.count(status.trained)) · "
        + "\(Wording.count(Int64(status.recordsPerSecond))) records/s · lag \(status.lag.map(Wording.count) ?? "–") · "
        + "loss \(Wording.measure(metrics?.loss))"
        + (metrics?.auc == nil ? "" : " · AUC \(Wording.figure(metrics?.auc))")
        + (trouble.map { " · the status cannot be read: \($0)" } ?? ""))
  }

  /// Removes the live picture; what was noted stays.
  func finish() {
    guard let screen else { return }
    screen.clear()
    for line in notices { Console.complain(line) }
  }
}
