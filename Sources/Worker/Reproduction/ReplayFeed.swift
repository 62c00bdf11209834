package import Ingest
package import Vocabulary

/// Where a replay's records come from: the log, or a double of it.
package protocol ReplayFeed: Sendable {
  /// From now on brings records from these places on.
  ///
  /// - Throws: `StepReplay.Failure` where the log does not hold them any more.
  func begin(_ starts: [Int32: Int64], upTo ends: [Int32: Int64], until deadline: Deadline) async throws
  /// Brings what there is and has room, in the order of the offsets, and says how far each partition was passed.
  ///
  /// - Returns: Whether something was brought.
  func bring(into intakes: [ReplayIntake]) async throws -> Bool
  func close() async
}

/// A partition's buffer, as a replay fills it.
package final class ReplayIntake: @unchecked Sendable {  // One producer: the feed, on one thread at a time.
  package let buffer: PartitionBuffer
  /// Records from here on are not wanted.
  package let end: Int64
  private let leftOut: LeftOut
  /// Everything below was brought, left out, or is not there.
  package private(set) var passed: Int64

  package init(_ buffer: PartitionBuffer, end: Int64, _ leftOut: LeftOut) {
    (self.buffer, self.end, self.leftOut) = (buffer, end, leftOut)
    passed = buffer.nextOffset
  }

  package var partition: Int32 { buffer.partition }
  package var isDone: Bool { passed >= end }
  package var room: Int { isDone ? 0 : buffer.freeSlots }

  /// Whether the record is one to hand over.
  package func wants(_ offset: Int64) -> Bool {
    offset >= passed && offset < end && (leftOut.isEmpty || leftOut.stretch(at: offset, of: partition) == nil)
  }

  /// Everything below `offset` was handed over, or is not there.
  package func pass(upTo offset: Int64) {
    let reached = min(offset, end)
    guard reached > passed else { return }
    passed = reached
    buffer.markPassed(upTo: reached)
    if isDone { buffer.markEnd(upTo: end) }
  }
}

/// The ledger of a replay, step by step.
package protocol ReplayLedger: Sendable {
  /// The next steps, in their order; none: that was all.
  func next() async throws -> [ScriptedStep]
}
