/// What of the dense values goes out on a link and comes in on it, segment by segment, each with a code of its own. Confined to
/// the step thread.
package protocol SegmentLane: AnyObject {
  var hasSent: Bool { get }
  var hasReceived: Bool { get }

  /// The segment that may go out now; empty: wait for more to come in, on any link.
  var outgoing: UnsafeRawBufferPointer { get }
  func didSend()

  /// Where to put the segment that comes in; nothing there is believed before `didReceive`.
  var incoming: UnsafeMutableRawBufferPointer { get }
  /// The segment is there, and is the peer's.
  func didReceive()
}
