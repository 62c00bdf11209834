import Foundation
import Vocabulary

/// How far a feed is, on standard error: in place on a terminal, a line every few seconds otherwise.
struct FeedProgress {
  private let isLive = Terminal.isInteractive(STDERR_FILENO)
  private let start = ContinuousClock.now
  private var last = ContinuousClock.now

  /// - Parameters:
  ///   - share: How much of the files was read, as they lie there; nil: not known.
  ///   - trouble: Why nothing moves at the moment.
  mutating func show(_ records: Int64, share: Double?, trouble: String?) {
    let now = ContinuousClock.now
    guard last.duration(to: now) > (isLive ? .milliseconds(300) : .seconds(5)) else { return }
    last = now
    let line = Self.line(records, share: share, seconds: start.duration(to: now).seconds, trouble: trouble)
    Console.complain(isLive ? "\r\(line)\u{1B}[K" : line, terminator: isLive ? "" : "\n")
  }

  /// `fed 16,500 records (23 %), 1,000 records/s, about 55 s left`
  static func line(_ records: Int64, share: Double?, seconds: Double, trouble: String?) -> String {
    let rate = Double(records) / max(0.001, seconds)
    var line = "fed \(Wording.count(records)) records"
    if let share { line += " (\(Int(min(1, share) * 100)) %)" }
    line += ", \(Wording.count(Int64(rate))) records/s"
    // Nothing is known of the rest before some of it was seen.
    if let share, share > 0.01, share < 1, records > 0 {
      line += ", about \(Wording.span(seconds / share * (1 - share))) left"
    }
    return line + (trouble.map { "; \($0)" } ?? "")
  }

  func note(_ line: String) { Console.complain(isLive ? "\r\(line)\u{1B}[K" : line) }

  func clear() {
    if isLive { Console.complain("\r\u{1B}[K", terminator: "") }
  }
}
