import Dispatch
import Foundation
import Synchronization

/// SIGINT and SIGTERM become calls instead of the end of the process.
final class StopSignals: Sendable {
  private struct State {
    var sources: [any DispatchSourceSignal] = []
    var count = 0
  }
  private let state = Mutex(State())

  /// - Parameter onSignal: Gets 1 at the first signal, 2 at the second; on a queue of its own.
  init(onSignal: @escaping @Sendable (Int) -> Void) {
    let queue = DispatchQueue(label: "retrain.signals")
    for number in [SIGINT, SIGTERM] {
      // The default action would end the process before the source sees the signal.
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [self] in
        let count = state.withLock { state in
          state.count += 1
          return state.count
        }
        onSignal(count)
      }
      source.resume()
      state.withLock { $0.sources.append(source) }
    }
  }

  func cancel() {
    for source in state.withLock({ $0.sources }) { source.cancel() }
  }
}

/// Calls once when standard input ends: the parent of a supervised process has gone or asks it to stop.
func onEndOfInput(_ action: @escaping @Sendable () -> Void) {
  let thread = Thread {
    var byte: UInt8 = 0
    while true {
      let count = read(STDIN_FILENO, &byte, 1)
      if count > 0 || (count < 0 && errno == EINTR) { continue }
      break
    }
    action()
  }
  thread.name = "end of input"
  thread.stackSize = 1 << 18
  thread.start()
}
