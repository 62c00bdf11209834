import CMicrohttpd
import Synchronization

/// Server-sent events to one client. Any thread sends; the polling thread writes what waits, and rests in between.
///
/// Bounded: a client that does not keep up loses the oldest events, never the server its memory.
public final class EventStream: Sendable {
  private struct State {
    var waiting: [[UInt8]] = []
    /// Bytes of `waiting[0]` already written.
    var written = 0
    var isFinished = false
    var dropped = 0
    /// Set while the polling thread has laid this connection aside.
    var suspended: Connection?
  }

  /// The library's connection, as a value.
  private struct Connection: @unchecked Sendable {  // Resumed under the lock that saw it suspended, hence alive.
    let pointer: OpaquePointer
  }

  private let state = Mutex(State())
  public let capacity: Int

  /// - Parameter capacity: Events that may wait.
  public init(capacity: Int = 64) {
    precondition(capacity > 0, "a stream holds at least one event, not \(capacity)")
    self.capacity = capacity
  }

  /// Events lost because the client was slow.
  public var dropped: Int { state.withLock { $0.dropped } }

  /// Whether the stream has ended, from either side.
  public var isFinished: Bool { state.withLock { $0.isFinished } }

  /// Sends one event. `data` may have several lines.
  public func send(data: String) {
    var text = ""
    for line in data.split(separator: "\n", omittingEmptySubsequences: false) { text += "data: \(line)\n" }
    let bytes = Array((text + "\n").utf8)
    state.withLock { state in
      guard !state.isFinished else { return }
      if state.waiting.count >= capacity {
        // One that is being written stays whole.
        state.waiting.remove(at: state.written > 0 && state.waiting.count > 1 ? 1 : 0)
        if state.waiting.isEmpty { state.written = 0 }
        state.dropped += 1
      }
      state.waiting.append(bytes)
      Self.wake(&state)
    }
  }

  /// Ends the stream once what waits is written.
  public func finish() {
    state.withLock { state in
      state.isFinished = true
      Self.wake(&state)
    }
  }

  /// Fills `buffer`, on the polling thread.
  ///
  /// - Returns: Bytes written; 0: laid aside until there is more; −1: the end.
  func read(into buffer: UnsafeMutablePointer<CChar>, max: Int, connection: OpaquePointer) -> Int {
    // The lock is held across the suspension, so that a resume cannot come before it.
    let connection = Connection(pointer: connection)
    return state.withLock { state in
      guard let first = state.waiting.first else {
        if state.isFinished { return -1 }
        state.suspended = connection
        MHD_suspend_connection(connection.pointer)
        return 0
      }
      let count = min(max, first.count - state.written)
      first.withUnsafeBytes {
        UnsafeMutableRawBufferPointer(start: buffer, count: count).copyBytes(from: $0[state.written...].prefix(count))
      }
      state.written += count
      if state.written == first.count {
        state.waiting.removeFirst()
        state.written = 0
      }
      return count
    }
  }

  /// The client left, or the answer is over.
  func connectionEnded() {
    state.withLock { state in
      state.isFinished = true
      state.suspended = nil
      state.waiting = []
    }
  }

  private static func wake(_ state: inout State) {
    guard let connection = state.suspended else { return }
    state.suspended = nil
    MHD_resume_connection(connection.pointer)
  }
}
