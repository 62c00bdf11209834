import Confinement
import Vocabulary

/// Starts the private cluster again when its server is gone and nobody else does so.
struct DatabaseKeeper: Sendable {
  let database: DatabaseAccess
  let tell: @Sendable (String) -> Void

  /// Whoever looks after the server himself gets so long for it.
  private static let patience = Duration.seconds(10)
  private static let attemptEvery = Duration.seconds(10)

  /// Looks until cancelled. A database of somebody else is nothing to keep.
  func run() async {
    guard database.isPrivate else { return }
    var goneSince: ContinuousClock.Instant?
    var nextAttempt = ContinuousClock.now
    var lastFailure: String?
    while !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(500))
      if database.isRunning {
        goneSince = nil
        continue
      }
      let since = goneSince ?? .now
      goneSince = since
      guard since.duration(to: .now) >= Self.patience, ContinuousClock.now >= nextAttempt, !Task.isCancelled else {
        continue
      }
      nextAttempt = .now.advanced(by: Self.attemptEvery)
      do {
        try await onDedicatedThread(named: "start postgres") { try database.startAgain() }
        tell("the database's server was gone and is started again")
        lastFailure = nil
      } catch {
        let failure = CommandFailure(error).message
        if failure != lastFailure { tell("the database's server is gone and cannot be started: \(failure)") }
        lastFailure = failure
      }
    }
  }
}
