import Foundation
import Vocabulary

/// One role's process under the supervisor: started, watched, started again when it ends.
final class ManagedChild {
  /// `controller`, `server`, `worker-1`
  let name: String
  let log: String
  private let arguments: [String]
  private let environment: [String]
  private(set) var process: ChildProcess?
  private var startedAt = ContinuousClock.now
  private var rule = RestartRule()
  private var restartAt: ContinuousClock.Instant?
  private var tail: LogTail
  /// Whether its end without an error is the end of its work.
  private let isFinite: Bool
  /// It ended by itself, cleanly.
  private(set) var hasFinished = false
  /// It has crashed so often that nobody should count on it; it is tried all the same.
  private(set) var isExhausted = false
  /// How it ended last; nil: it has not.
  private(set) var lastExit: Int32?
  private var isStopping = false

  init(name: String, arguments: [String], environment: [String], log: String, isFinite: Bool) throws {
    self.name = name
    self.arguments = arguments
    self.environment = environment
    self.log = log
    self.isFinite = isFinite
    tail = LogTail(log)
    try start()
  }

  private func start() throws {
    restartAt = nil
    startedAt = .now
    process = try ChildProcess(
      arguments: arguments, environment: environment, log: log)
  }

  enum Event {
    case finished
    case ended(code: Int32, RestartRule.Verdict)
    /// The system would not start it; it is tried again.
    case notStarted(String)
  }

  /// Looks after the process; call it several times a second.
  func tend(now: ContinuousClock.Instant = .now) -> Event? {
    if let restartAt, now >= restartAt, !isStopping {
      do { try start() } catch {
        self.restartAt = now.advanced(by: .seconds(2))
        return .notStarted(CommandFailure(error).message)
      }
    }
    guard let exit = process?.exit else {
      if isExhausted, process != nil, startedAt.duration(to: now) >= RestartRule.provenAfter { isExhausted = false }
      return nil
    }
    process = nil
    lastExit = exit.code
    if exit.isClean, isFinite || isStopping {
      hasFinished = true
      return .finished
    }
    guard !isStopping else { return nil }
    let verdict = rule.ended(
      RestartRule.cause(ofExit: exit.code), lived: startedAt.duration(to: now), now: now)
    isExhausted = verdict.isExhausted
    restartAt = verdict.restartIn.map { now.advanced(by: $0) }
    return .ended(code: exit.code, verdict)
  }

  /// What it has logged since the last call.
  func newLogLines() -> [String] { tail.newLines() }

  /// Asks it to stop gracefully.
  func letGo() {
    isStopping = true
    restartAt = nil
    process?.letGo()
  }

  func send(_ signal: Int32) { process?.send(signal) }

  var isRunning: Bool { process != nil && process?.exit == nil }
}
