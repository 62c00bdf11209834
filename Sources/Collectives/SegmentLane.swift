/// What of the dense values goes out on a link and comes in on it, segment by segment, each with a code of its own. Confined to
/// the step thread.
package protocol SegmentLane: AnyObject {
  var hasSent: Bool { get }
  var hasReceived: Bool { get }
  /// The peer's own values are all here; of what comes after them other ranks may owe a part.
  var hasReceivedValues: Bool { get }

  /// Whether there is a segment that may go out now.
  var canSend: Bool { get }
  /// The segment that may go out now; empty: wait for more to come in, on any link, or to become final.
  var outgoing: UnsafeRawBufferPointer { get }
  func didSend()
  /// The segment that goes out next is the last one.
  var isAtLast: Bool { get }

  /// Where to put the segment that comes in; empty: there is no room for it yet. Nothing there is believed before
  /// `didReceive`.
  var incoming: UnsafeMutableRawBufferPointer { get }
  /// The segment is there, and is the peer's.
  func didReceive()
}
