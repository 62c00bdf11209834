import Kafka
import Synchronization
import Vocabulary

/// What the brokers trouble a client with, for people who wait.
final class BrokerTrouble: Sendable {
  private let newest = Mutex<(reason: String, at: ContinuousClock.Instant)?>(nil)

  /// What a client's configuration takes.
  var observer: @Sendable (KafkaNotice) -> Void {
    { [self] notice in
      guard case .trouble(let error) = notice else { return }
      newest.withLock { $0 = (error.reason, .now) }
    }
  }

  /// The newest, unless it is long ago.
  var recent: String? {
    newest.withLock { $0 }.flatMap {
      $0.at.duration(to: .now) < .seconds(15) ? "waiting for the brokers: \($0.reason)" : nil
    }
  }

  /// Runs `body`, and says on standard error every few seconds that it still waits, and until when.
  func telling<Result: Sendable>(
    _ what: String, patience: Duration, _ body: () async throws -> Result
  ) async throws -> Result {
    let start = ContinuousClock.now
    let teller = Task {
      var pause = Duration.seconds(2)
      while (try? await Task.sleep(for: pause)) != nil {
        pause = .seconds(5)
        let left = (patience - start.duration(to: .now)).seconds
        let reason = newest.withLock { $0.map { ": \($0.reason)" } ?? "" }
        Console.complain("waiting for \(what), for \(Wording.span(left)) more\(reason)")
      }
    }
    defer { teller.cancel() }
    return try await body()
  }
}
