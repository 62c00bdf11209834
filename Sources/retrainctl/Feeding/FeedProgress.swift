import Foundation

/// How far a feed is, on standard error: in place on a terminal, a line every few seconds otherwise.
struct FeedProgress {
  private let isLive = Terminal.isInteractive(STDERR_FILENO)
  private let start = ContinuousClock.now
  private var last = ContinuousClock.now

  mutating func show(_ records: Int64) {
    let now = ContinuousClock.now
    guard last.duration(to: now) > (isLive ? .milliseconds(300) : .seconds(5)) else { return }
    last = now
    let rate = Double(records) / max(0.001, start.duration(to: now).seconds)
    let line = "fed \(Wording.count(records)) records, \(Wording.count(Int64(rate))) records/s"
    Console.complain(isLive ? "\r\(line)\u{1B}[K" : line, terminator: isLive ? "" : "\n")
  }

  func note(_ line: String) { Console.complain(isLive ? "\r\(line)\u{1B}[K" : line) }

  func clear() {
    if isLive { Console.complain("\r\u{1B}[K", terminator: "") }
  }
}
