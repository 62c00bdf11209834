import Dispatch
import Foundation

/// SIGINT, SIGTERM and SIGHUP become calls instead of the end of the process.
///
/// One event may send several: a terminal that closes hangs up twice, a service manager terminates and hangs up. What
/// comes within a moment of the first is the same wish, and a hang-up is never more than the first.
final class StopSignals: @unchecked Sendable {  // `sources` is set once in `init`; `count` is used on `queue` only.
  private var sources: [any DispatchSourceSignal] = []
  private let queue = DispatchQueue(label: "retrain.signals")
  private var count = 0
  private var last: ContinuousClock.Instant?

  private static let moment = Duration.milliseconds(300)

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0 else { return false }
    let handler = action.__sigaction_handler.sa_handler
    return unsafeBitCast(handler, to: Int.self)  // Function pointers have no equality of their own.
      == unsafeBitCast(SIG_IGN, to: Int.self)  // So the constant is one too.
  }

  /// - Parameter onSignal: Gets 1 at the first signal, 2 at the second; on a queue of its own.
  init(onSignal: @escaping @Sendable (Int) -> Void) {
    for number in [SIGINT, SIGTERM, SIGHUP] {
      // Under nohup a hang-up is ignored, and stays so.
      if number == SIGHUP, Self.isIgnored(SIGHUP) { continue }
      // The default action would end the process before the source sees the signal.
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [self] in
        let isSameWish = last.map { $0.duration(to: .now) < Self.moment } ?? false
        if count > 0, isSameWish || number == SIGHUP { return }
        last = .now
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
