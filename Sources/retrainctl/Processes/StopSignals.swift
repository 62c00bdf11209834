import Dispatch
import Foundation

/// SIGINT and SIGTERM become calls instead of the end of the process.
final class StopSignals: @unchecked Sendable {  // `sources` is set once in `init`; `count` is used on `queue` only.
  private var sources: [any DispatchSourceSignal] = []
  private let queue = DispatchQueue(label: "retrain.signals")
  private var count = 0

  /// - Parameter onSignal: Gets 1 at the first signal, 2 at the second; on a queue of its own.
  init(onSignal: @escaping @Sendable (Int) -> Void) {
    for number in [SIGINT, SIGTERM] {
      // The default action would end the process before the source sees the signal.
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [self] in
        count += 1
        onSignal(count)
      }
      sources.append(source)
      source.resume()
    }
  }

  /// No further calls; the signals stay ignored.
  func cancel() {
    for source in sources { source.cancel() }
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
