public import Vocabulary

/// The ranks of one generation, agreeing. Confined to one thread (the step loop's); every call is synchronous.
public protocol Collective: AnyObject {
  var rank: Rank { get }
  var worldSize: Int { get }
  var generation: Generation { get }

  /// Adds up all ranks' vectors and hands every rank's attachment, in rank order, to `body`.
  ///
  /// - Parameters:
  ///   - dense: Vectors of P values, Float32; the same P and plan on every rank. Every rank ends with the same bits: the order
  ///     of the sum depends on P and the plan only (see `TCPCollective`).
  ///   - attachment: Any length within the limits, another on every rank.
  ///   - deadline: For the whole exchange.
  ///   - body: Its pointers are valid only inside.
  /// - Throws: `CollectiveError`; `dense` is then meaningless and the collective closed. What `body` throws.
  func exchange<Result>(
    _ dense: DenseValues, attachment: UnsafeRawBufferPointer, deadline: Deadline,
    _ body: ([UnsafeRawBufferPointer]) throws -> Result
  ) throws -> Result

  /// Gives every rank what `root` holds: the hand-over of state. `bytes` of the others is ignored.
  ///
  /// - Throws: `CollectiveError`; the collective is then closed.
  func broadcast(from root: Rank, _ bytes: [UInt8], deadline: Deadline) throws -> [UInt8]

  /// Ends the links. Peers that still wait for this rank see `peerLost`.
  func close()
}

extension Collective {
  /// The same of one vector a rank, summed in place.
  public func exchange<Result>(
    dense: UnsafeMutableBufferPointer<Float>, attachment: UnsafeRawBufferPointer, deadline: Deadline,
    _ body: ([UnsafeRawBufferPointer]) throws -> Result
  ) throws -> Result {
    let plan = SumPlan.byRank(worldSize: worldSize, holders: worldSize)
    return try exchange(
      DenseValues(vectors: dense, sum: dense, plan: plan), attachment: attachment, deadline: deadline, body)
  }
}
