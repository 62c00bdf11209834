import Synchronization

/// What a task waits for and others ring; a ring that nobody hears is heard by the next wait.
///
/// As `Signal` for threads: nobody blocks. Cheap to ring when nobody waits.
public final class Bell: Sendable {
  private struct State {
    var isRung = false
    /// One at a time, with the number of its wait.
    var waiter: (number: Int, continuation: CheckedContinuation<Bool, Never>)?
    var number = 0
    /// The waits up to this one are over.
    var over = 0
  }

  private let state = Mutex(State())

  public init() {}

  /// Ends the wait in hand or the next one. From any thread.
  public func ring() {
    let waiter = state.withLock { state in
      let waiter = state.waiter?.continuation
      (state.waiter, state.isRung) = (nil, waiter == nil)
      return waiter
    }
    waiter?.resume(returning: true)
  }

  /// Waits until rung, for `duration` at most, or until the task is cancelled. One task at a time.
  ///
  /// - Returns: Whether it was rung.
  public func wait(atMost duration: Duration) async -> Bool {
    let number = state.withLock { state in
      state.number += 1
      return state.number
    }
    let timer = Task {
      try? await Task.sleep(for: duration)
      end(number)
    }
    defer { timer.cancel() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer: Bool? = state.withLock { state in
          if state.isRung {
            state.isRung = false
            return true
          }
          if state.over >= number { return false }
          state.waiter = (number, continuation)
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      end(number)
    }
  }

  private func end(_ number: Int) {
    let waiter: CheckedContinuation<Bool, Never>? = state.withLock { state in
      state.over = max(state.over, number)
      guard let waiter = state.waiter, waiter.number == number else { return nil }
      state.waiter = nil
      return waiter.continuation
    }
    waiter?.resume(returning: false)
  }
}
