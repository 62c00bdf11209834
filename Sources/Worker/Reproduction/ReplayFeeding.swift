import Confinement
import Ingest
import Synchronization
import Vocabulary

/// Brings a replay's records and steps, beside its thread, until it is stopped or cannot.
final class Feeding: Sendable {
  private let feed: any ReplayFeed
  private let intakes: [ReplayIntake]
  private let script: StepScript?
  private let ledger: (any ReplayLedger)?
  private let board: ControlBoard
  private let deadline: Deadline
  private let stillness: Duration
  private let end = Mutex<(isStopped: Bool, failure: (any Error)?)>((false, nil))

  init(
    _ feed: any ReplayFeed, _ intakes: [ReplayIntake], _ script: StepScript?, _ ledger: (any ReplayLedger)?,
    _ board: ControlBoard, _ deadline: Deadline, _ stillness: Duration
  ) {
    (self.feed, self.intakes, self.script, self.ledger) = (feed, intakes, script, ledger)
    (self.board, self.deadline, self.stillness) = (board, deadline, stillness)
  }

  var failure: (any Error)? { end.withLock(\.failure) }

  func stop() { end.withLock { $0.isStopped = true } }

  func run() async {
    do { try await bring() } catch {
      end.withLock { $0.failure = error }
      board.wish { $0.stop = true }
    }
  }

  private func bring() async throws {
    // What has nothing to bring is at its end.
    for intake in intakes where intake.isDone { intake.buffer.markEnd(upTo: intake.passed) }
    var lastNews = ContinuousClock.now
    while !Task.isCancelled, !end.withLock(\.isStopped) {
      if deadline.hasPassed { throw StepReplay.Failure(description: "there was no time to make all steps") }
      var isNews = false
      if let script, let ledger, script.wantsMore {
        let steps = try await ledger.next()
        if steps.isEmpty { script.end() } else { script.append(steps) }
        isNews = true
      }
      if try await feed.bring(into: intakes) { isNews = true }
      if isNews {
        lastNews = .now
        board.wakeUp.raise()
      } else {
        // Full buffers are no news either.
        let isWaiting = intakes.contains { !$0.isDone && $0.room > 0 }
        if !isWaiting { lastNews = .now }
        guard lastNews.duration(to: .now) < stillness else {
          let places = intakes.filter { !$0.isDone }.map { "\($0.partition) at \($0.passed)" }.joined(separator: ", ")
          throw StepReplay.Failure(
            description: "no record came for \(stillness.milliseconds() / 1000) s (partition \(places))")
        }
        try await Task.sleep(for: .milliseconds(1))
      }
    }
  }
}
