import Foundation
import Vocabulary

/// One role's process under the supervisor: started, watched, started again after a crash.
final class ManagedChild {
  /// `controller`, `server`, `worker-1`
  let name: String
  let log: String
  private let arguments: [String]
  private let environment: [String]
  private(set) var process: ChildProcess?
  private var startedAt = ContinuousClock.now
  private var crashesInARow = 0
  private var restartAt: ContinuousClock.Instant?
  private var tail: LogTail
  /// It ended by itself, cleanly.
  private(set) var hasFinished = false
  private var isStopping = false

  /// A process that lived this long had nothing to do with the crash before.
  private static let provenAfter = Duration.seconds(60)
  private static let crashesMax = 8

  init(name: String, arguments: [String], environment: [String], log: String) throws {
    self.name = name
    self.arguments = arguments
    self.environment = environment
    self.log = log
    tail = LogTail(log)
    try start()
  }

  private func start() throws {
    restartAt = nil
    startedAt = .now
    process = try ChildProcess(
      executable: ChildProcess.ownExecutable, arguments: arguments, environment: environment, log: log)
  }

  enum Event {
    case finished
    case crashed(code: Int32, restartIn: Duration)
    /// It will not be started again.
    case failed(code: Int32)
  }

  /// Looks after the process; call it several times a second.
  func tend(now: ContinuousClock.Instant = .now) throws -> Event? {
    if let restartAt, now >= restartAt, !isStopping { try start() }
    guard let exit = process?.exit else { return nil }
    process = nil
    if exit.isClean {
      hasFinished = true
      return .finished
    }
    if isStopping { return .failed(code: exit.code) }
    // A wrong command line or pipeline stays wrong.
    if [ExitCode.usage.rawValue, ExitCode.badPipeline.rawValue].contains(exit.code) { return .failed(code: exit.code) }
    if startedAt.duration(to: now) > Self.provenAfter { crashesInARow = 0 }
    crashesInARow += 1
    guard crashesInARow <= Self.crashesMax else { return .failed(code: exit.code) }
    let delay = Duration.milliseconds(min(30_000, 250 << crashesInARow))
    restartAt = now.advanced(by: delay)
    return .crashed(code: exit.code, restartIn: delay)
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
