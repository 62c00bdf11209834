import Foundation

/// Runs blocking, synchronous work on a thread of its own, off the cooperative pool, and awaits its result.
///
/// The step loop runs in one: arithmetic never shares a thread with tasks.
public func onDedicatedThread<Result: Sendable>(
  named name: String, stackBytes: Int = 8 << 20, _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    let thread = Thread { continuation.resume(with: Swift.Result { try body() }) }
    thread.name = name
    thread.stackSize = stackBytes
    thread.start()
  }
}
