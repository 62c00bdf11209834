import Confinement
import Registry
import Synchronization
import Vocabulary

/// A look at health that goes on beside the decisions: what a version is held against takes a second to make where there are many
/// features, and in the fast lane another version is confirmed every second.
final class HealthLook: Sendable {
  /// What the watch came to, and why it did not get further; nil: it did.
  typealias Outcome = (watch: HealthWatch, error: (any Error)?)

  private struct State {
    var outcome: Outcome?
    /// A decision was made without it.
    var isOvertaken = false
  }

  private let state = Mutex(State())
  private let over = Bell()
  private let begun = ContinuousClock.now
  private let task = Mutex<Task<Void, Never>?>(nil)

  /// How long decisions wait for it in the fast lane: most looks take less.
  private static let patience = Duration.milliseconds(20)
  /// No decision is made beside one that has gone on for longer: a rule that fails is heard by then.
  private static let most = Duration.seconds(5)

  /// - Parameter didEnd: Called once it is over, where somebody has gone on without it.
  init(_ watch: HealthWatch, _ registry: Registry, didEnd: @escaping @Sendable () -> Void) {
    let task = Task { [self] in
      var watch = watch
      var failure: (any Error)?
      do { try await watch.look(registry) } catch { failure = error }
      let found = watch
      let error = failure
      let isOvertaken = state.withLock { state in
        state.outcome = (found, error)
        return state.isOvertaken
      }
      over.ring()
      if isOvertaken { didEnd() }
    }
    self.task.withLock { $0 = task }
  }

  /// Nobody waits for it any more.
  func cancel() { task.withLock { $0?.cancel() } }

  /// What it came to; nil: it goes on, and need not be waited for. One caller at a time.
  ///
  /// - Parameter hurries: Decisions are not to wait for long.
  func wait(hurries: Bool) async -> Outcome? {
    let deadline = ContinuousClock.now + Self.patience
    while true {
      let now = ContinuousClock.now
      let goesOn = hurries && now >= deadline && begun.duration(to: now) < Self.most || Task.isCancelled
      let outcome = state.withLock { state in
        if state.outcome == nil, goesOn { state.isOvertaken = true }
        return state.outcome
      }
      if outcome != nil || goesOn { return outcome }
      _ = await over.wait(atMost: Self.patience)
    }
  }
}
