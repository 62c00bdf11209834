import Foundation
import Synchronization
public import Vocabulary

/// Thrown when an awaited call did not come back in time; the call itself goes on and its result is dropped.
public struct AwaitTimedOut: Error, CustomStringConvertible {
  public let waited: Duration
  public var description: String { "no answer after \(waited.milliseconds()) ms" }
}

/// Blocks the calling thread until `body` has finished, and gives its result.
///
/// Only for threads of `onDedicatedThread`: blocking a thread of the cooperative pool here can deadlock it.
///
/// - Throws: What `body` throws, or `AwaitTimedOut`.
public func blockingAwait<Result: Sendable>(
  until deadline: Deadline, _ body: @escaping @Sendable () async throws -> Result
) throws -> Result {
  let answer = Answer<Result>()
  let start = ContinuousClock.now
  let task = Task {
    do { answer.give(.success(try await body())) } catch { answer.give(.failure(error)) }
  }
  guard let result = answer.wait(until: deadline) else {
    task.cancel()
    throw AwaitTimedOut(waited: start.duration(to: .now))
  }
  return try result.get()
}

private final class Answer<Value: Sendable>: Sendable {
  private let value = Mutex<Swift.Result<Value, any Error>?>(nil)
  private let semaphore = DispatchSemaphore(value: 0)

  func give(_ result: Swift.Result<Value, any Error>) {
    value.withLock { $0 = result }
    semaphore.signal()
  }

  func wait(until deadline: Deadline) -> Swift.Result<Value, any Error>? {
    let left = DispatchTime.now() + .milliseconds(Int(clamping: deadline.remainingMilliseconds))
    return semaphore.wait(timeout: left) == .success ? value.withLock { $0 } : nil
  }
}
