import CMicrohttpd
import Confinement
import Foundation
import Glibc
import Synchronization
import Vocabulary

/// A thread that answers connections of its own: a handle of the library, and the waiting for it.
///
/// The library's own threads wait on a full round of 128 events for one more, as long as somebody may be idle (`MHD_epoll` of
/// 0.9.75: the rounds of one look have one time to wait), and a hundred and twenty-eight clients that all wait for their answer
/// send none. What is only run here, once something has come, waits for nothing.
final class PollingThread: @unchecked Sendable {  // The handle is its thread's until `end` has waited for that.
  private let daemon: OpaquePointer
  private let events: Int32
  /// Readable: somebody was resumed, or it is to end.
  private let bell: Int32
  private let isEnding = Atomic<Bool>(false)
  private let hasEnded = Signal()

  /// How long it waits at most where the library has nothing to do by itself.
  private static let patience: UInt64 = 60_000

  /// - Parameters:
  ///   - daemon: Its from now on; it has no thread of its own.
  ///   - bells: Who rings them wakes it.
  init(_ daemon: OpaquePointer, _ bells: PollingBells) {
    self.daemon = daemon
    events = retrain_http_events(daemon)
    bell = retrain_http_bell()
    precondition(events >= 0 && bell >= 0, "a handle of the library has no events to wait for")
    bells.add(bell)
  }

  func start() {
    let thread = Thread { [self] in
      var waited = [
        pollfd(fd: events, events: Int16(POLLIN), revents: 0), pollfd(fd: bell, events: Int16(POLLIN), revents: 0),
      ]
      while true {
        var most: UInt64 = 0
        let isAsked = MHD_get_timeout(daemon, &most) == .YES
        let patience = isAsked ? min(most, Self.patience) : Self.patience
        _ = poll(&waited, 2, Int32(patience))
        if waited[1].revents != 0 {
          var rings: UInt64 = 0
          _ = read(bell, &rings, MemoryLayout<UInt64>.size)
          if isEnding.load(ordering: .acquiring) { break }
        }
        MHD_run(daemon)
      }
      hasEnded.raise()
    }
    thread.name = "http"
    thread.stackSize = 8 << 20
    thread.start()
  }

  /// Lets no newcomer in from now on. Any thread.
  ///
  /// - Returns: The socket that it listened on, the caller's now; negative: there is none.
  func quiesce() -> Int32 { MHD_quiesce_daemon(daemon) }

  /// Asks the thread to end; `end` waits for that.
  func beginEnding() {
    isEnding.store(true, ordering: .releasing)
    PollingBells.ring(bell)
  }

  /// Ends the thread and all of its connections. Blocks for as long as a request in hand takes.
  func end() {
    beginEnding()
    while !hasEnded.wait(until: .after(.seconds(60))) {}
    close()
  }

  /// Of one that was never started, or has ended.
  func close() {
    MHD_stop_daemon(daemon)
    Glibc.close(bell)
  }
}
