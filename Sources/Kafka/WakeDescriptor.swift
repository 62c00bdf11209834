import Foundation
import Vocabulary

/// A pipe that librdkafka writes to when a queue gets its first message, so that one `poll(2)` waits for many queues.
final class WakeDescriptor: Sendable {
  private let readEnd: Int32
  /// Where a waker writes one byte; never blocks.
  let writeEnd: Int32

  init() throws(KafkaError) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw KafkaError(code: .other, reason: "no pipe: \(String(cString: strerror(errno)))")
    }
    (readEnd, writeEnd) = (ends[0], ends[1])
    for end in ends {
      _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
  }

  deinit {
    close(readEnd)
    close(writeEnd)
  }

  /// Ends the wait in hand or the next one. From any thread.
  func wake() {
    var byte: UInt8 = 1
    _ = write(writeEnd, &byte, 1)  // A full pipe wakes just as well.
  }

  /// Waits for a wake or for `duration`; forgets all wakes so far.
  func wait(upTo duration: Duration) {
    var descriptor = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
    _ = Foundation.poll(&descriptor, 1, Int32(clamping: duration.milliseconds(rounding: .up)))
    var bytes = [UInt8](repeating: 0, count: 256)
    while read(readEnd, &bytes, bytes.count) == bytes.count {}
  }
}
