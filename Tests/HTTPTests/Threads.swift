import Foundation

/// Lets threads wait for an event, for a minute at most.
final class EventGate: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)
  func open() { semaphore.signal() }
  func wait() { _ = semaphore.wait(timeout: .now() + 60) }
}

/// Runs blocking work beside the test.
func onThread<T: Sendable>(_ body: @escaping @Sendable () -> T) async -> T {
  await withCheckedContinuation { continuation in
    Thread { continuation.resume(returning: body()) }.start()
  }
}
