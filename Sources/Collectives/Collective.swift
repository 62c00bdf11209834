public import Vocabulary

/// The ranks of one generation, agreeing. Confined to one thread (the step loop's); every call is synchronous.
public protocol Collective: AnyObject {
  var rank: Rank { get }
  var worldSize: Int { get }
  var generation: Generation { get }

  /// Sums `dense` in place over all ranks and hands every rank's attachment, in rank order, to `body`.
  ///
  /// - Parameters:
  ///   - dense: Shape [P], Float32; the same P on every rank. Every rank ends with the same bits: the order of the sum
  ///     depends on P and the world size only (see `TCPCollective`).
  ///   - attachment: Any length within the limits, another on every rank.
  ///   - deadline: For the whole exchange.
  ///   - body: Its pointers are valid only inside.
  /// - Throws: `CollectiveError`; `dense` is then meaningless and the collective closed. What `body` throws.
  func exchange<Result>(
    dense: UnsafeMutableBufferPointer<Float>, attachment: UnsafeRawBufferPointer, deadline: Deadline,
    _ body: ([UnsafeRawBufferPointer]) throws -> Result
  ) throws -> Result

  /// Gives every rank what `root` holds: the hand-over of state. `bytes` of the others is ignored.
  ///
  /// - Throws: `CollectiveError`; the collective is then closed.
  func broadcast(from root: Rank, _ bytes: [UInt8], deadline: Deadline) throws -> [UInt8]

  /// Ends the links. Peers that still wait for this rank see `peerLost`.
  func close()
}
