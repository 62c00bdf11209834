import Glibc
import Synchronization

/// Wakes the polling threads: the library tells a thread that is not its own nothing of connections that are resumed. Any thread.
final class PollingBells: Sendable {
  private let bells = Mutex<[Int32]>([])

  /// - Parameter descriptor: Of an event that a polling thread waits for; it is closed after `removeAll`.
  func add(_ descriptor: Int32) { bells.withLock { $0.append(descriptor) } }
  func removeAll() { bells.withLock { $0 = [] } }

  func ring() {
    bells.withLock { bells in
      for bell in bells { Self.ring(bell) }
    }
  }

  static func ring(_ bell: Int32) {
    var one: UInt64 = 1
    _ = write(bell, &one, MemoryLayout<UInt64>.size)
  }
}
