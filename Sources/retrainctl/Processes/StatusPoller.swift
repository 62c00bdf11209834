import Foundation
import Synchronization
import Vocabulary

/// Reads the status again and again beside the supervisor, so that a slow database never holds it up.
final class StatusPoller: Sendable {
  private struct State {
    var latest: PipelineStatus?
    var trouble: String?
  }
  private let state = Mutex(State())
  private let task: Mutex<Task<Void, Never>?> = Mutex(nil)

  init(every period: Duration = .milliseconds(500), read: @escaping @Sendable () async throws -> PipelineStatus) {
    let task = Task { [self] in
      while !Task.isCancelled {
        do {
          let status = try await read()
          state.withLock { $0 = State(latest: status, trouble: nil) }
        } catch {
          let sentence = CommandFailure(error).message
          state.withLock { $0.trouble = sentence }
        }
        try? await Task.sleep(for: period)
      }
    }
    self.task.withLock { $0 = task }
  }

  var latest: PipelineStatus? { state.withLock { $0.latest } }
  /// Why the last look failed; nil: it did not.
  var trouble: String? { state.withLock { $0.trouble } }

  func stop() async {
    let task = task.withLock { $0 }
    task?.cancel()
    await task?.value
  }
}
