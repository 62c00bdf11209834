import Foundation

/// SIGINT, SIGTERM and SIGHUP become calls instead of the end of the process. Of several the newest that lives is called.
///
/// One event may send several: a terminal that closes hangs up twice, a service manager terminates and hangs up. What
/// comes within a moment of the first is the same wish, and a hang-up is never more than the first.
package final class StopSignals: @unchecked Sendable {  // `count` and `last` are used on the desk's queue only.
  private let onSignal: @Sendable (Int) -> Void
  private var count = 0
  private var last: ContinuousClock.Instant?

  private static let moment = Duration.milliseconds(300)

  /// - Parameter onSignal: Gets 1 at the first signal, 2 at the second; on a queue of its own.
  package init(onSignal: @escaping @Sendable (Int) -> Void) {
    self.onSignal = onSignal
    SignalDesk.shared.add(self)
  }

  /// No further calls. Where no other lives, the next signal ends the process, unless it is the same wish.
  package func cancel() { SignalDesk.shared.remove(self) }

  /// On the desk's queue, or before a signal can come.
  package func take(_ number: Int32, at now: ContinuousClock.Instant) {
    let isSameWish = last.map { $0.duration(to: now) < Self.moment } ?? false
    if count > 0, isSameWish || number == SIGHUP { return }
    last = now
    count += 1
    onSignal(count)
  }

  /// Whether a signal that nobody takes any more is a wish of its own.
  fileprivate static func isNewWish(_ number: Int32, at now: ContinuousClock.Instant, last: ContinuousClock.Instant?)
    -> Bool
  {
    number != SIGHUP && last.map { $0.duration(to: now) >= moment } ?? true
  }
}

/// Passes signals from their handler, which may do next to nothing, to whoever wants them, through a pipe.
///
/// Signals that are ignored and watched would be simpler, and get lost: a main thread that suspends itself for signals
/// takes them, and what is ignored is discarded then.
private final class SignalDesk: @unchecked Sendable {  // Everything that changes is used on `queue` only.
  static let shared = SignalDesk()

  private let queue = DispatchQueue(label: "retrain.signals")
  private let source: any DispatchSourceRead
  /// The newest last.
  private var listeners: [StopSignals] = []
  private var last: ContinuousClock.Instant?

  private init() {
    var ends: [Int32] = [-1, -1]
    precondition(pipe(&ends) == 0, "no pipe for signals: \(String(cString: strerror(errno)))")
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      // A handler never waits: of more signals than a pipe holds some are one too many.
      _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
    }
    signalPipe = ends[1]
    let reading = ends[0]
    source = DispatchSource.makeReadSource(fileDescriptor: reading, queue: queue)
    source.setEventHandler { [unowned self] in
      var bytes = [UInt8](repeating: 0, count: 64)
      let count = read(reading, &bytes, bytes.count)
      for byte in bytes.prefix(max(0, count)) { pass(Int32(byte)) }
    }
    source.resume()
  }

  func add(_ listener: StopSignals) {
    queue.sync { listeners.append(listener) }
    for number in [SIGINT, SIGTERM, SIGHUP] {
      // Under nohup a hang-up is ignored, and stays so.
      if number == SIGHUP, Self.isIgnored(SIGHUP) { continue }
      var action = sigaction()
      action.__sigaction_handler.sa_handler = noteSignal
      action.sa_flags = SA_RESTART
      sigaction(number, &action, nil)
    }
  }

  /// Not from within a call of the listener's.
  func remove(_ listener: StopSignals) {
    queue.async { self.listeners.removeAll { $0 === listener } }
  }

  private func pass(_ number: Int32) {
    let now = ContinuousClock.now
    if let newest = listeners.last {
      newest.take(number, at: now)
    } else if StopSignals.isNewWish(number, at: now, last: last) {
      exit(130)
    } else {
      return
    }
    last = now
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0 else { return false }
    let handler = action.__sigaction_handler.sa_handler
    return unsafeBitCast(handler, to: Int.self)  // Function pointers have no equality of their own.
      == unsafeBitCast(SIG_IGN, to: Int.self)  // So the constant is one too.
  }
}

/// The end of the pipe that the handler writes to.
private nonisolated(unsafe) var signalPipe: Int32 = -1  // Set once, before there is a handler.

/// The handler: only what a signal may interrupt anything with.
private func noteSignal(_ number: Int32) {
  let before = errno
  var byte = UInt8(truncatingIfNeeded: number)
  _ = write(signalPipe, &byte, 1)
  errno = before
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
