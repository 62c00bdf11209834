import Glibc
import Synchronization
public import Vocabulary

/// A flag that threads raise and one waits for, beside descriptors of files; it falls again when a wait sees it.
///
/// What the step loop sleeps on when every partition is quiet: records wake it, and so does a peer that has begun. Raising it
/// again costs no call of the system.
public final class WakeUp: Sendable {
  /// Why a wait ended.
  public enum Reason: Sendable, Hashable {
    case raised
    /// One of the descriptors can be read, or has ended.
    case readable
    case timedOut
  }

  /// Whether there is a byte in the pipe, or one is about to be.
  private let isRaised = Atomic(false)
  /// A pipe; −1 where none could be had: then waits look at the flag a few times a second.
  private let readEnd, writeEnd: Int32
  private static let blindWait = Duration.milliseconds(20)

  public init() {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else {
      (readEnd, writeEnd) = (-1, -1)
      return
    }
    for end in ends {
      _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    (readEnd, writeEnd) = (ends[0], ends[1])
  }

  deinit {
    if readEnd >= 0 { close(readEnd) }
    if writeEnd >= 0 { close(writeEnd) }
  }

  /// Ends the wait in hand or the next one. From any thread.
  public func raise() {
    guard !isRaised.exchange(true, ordering: .acquiringAndReleasing) else { return }
    var byte: UInt8 = 1
    _ = unsafe write(writeEnd, &byte, 1)
  }

  /// Waits until raised, until one of `descriptors` can be read, or until `deadline`. One thread at a time.
  public func wait(until deadline: Deadline, orReadable descriptors: [Int32] = []) -> Reason {
    while true {
      if take() { return .raised }
      if deadline.hasPassed { return .timedOut }
      let most = readEnd < 0 ? deadline.or(.after(Self.blindWait)) : deadline
      let isReadable = unsafe withUnsafeTemporaryAllocation(of: pollfd.self, capacity: 1 + descriptors.count) {
        entries in
        unsafe entries[0] = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
        for (place, descriptor) in descriptors.enumerated() {
          unsafe entries[place + 1] = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        }
        guard unsafe poll(entries.baseAddress, nfds_t(entries.count), most.remainingMilliseconds) > 0 else {
          return false
        }
        return unsafe entries.dropFirst().contains { $0.revents != 0 }
      }
      if take() { return .raised }
      if isReadable { return .readable }
    }
  }

  /// The byte says it, not the flag: one that is about to be written is seen by the wait that it ends. Whoever raises it in
  /// between has done what he raised it for before this returns true.
  private func take() -> Bool {
    if readEnd >= 0 {
      var byte: UInt8 = 0
      guard unsafe read(readEnd, &byte, 1) == 1 else { return false }
    }
    return isRaised.exchange(false, ordering: .acquiringAndReleasing) || readEnd >= 0
  }
}
