public import Vocabulary

/// The ranks of one generation, agreeing. Confined to one thread (the step loop's); every call is synchronous.
public protocol Collective: AnyObject {
  var rank: Rank { get }
  var worldSize: Int { get }
  var generation: Generation { get }
  /// Between two exchanges one of them can be read as soon as a peer has begun the next, or has left.
  var descriptors: [Int32] { get }
  /// Over all links since they were made, before ciphering; 0: there are none.
  var sentBytes: Int64 { get }
  var receivedBytes: Int64 { get }

  /// Begins an exchange whose values are still being made: what of them is final, as `advance` says, goes out and is added up
  /// meanwhile, where they are many. Nothing else is done with the collective until `exchange` ends it, with the same values.
  ///
  /// - Parameter dense: Not looked at before it is final; from then on it is the exchange's until that returns, and may hold
  ///   the sum at any time: nobody else touches it.
  func open(_ dense: DenseValues)

  /// Of the values of an exchange that was opened, the first `stretches` of their order are final. Does what can be done
  /// without waiting; what fails is told by `exchange`. In the arithmetic mode of `exchange`, on every rank.
  func advance(_ stretches: Int)

  /// Adds up all ranks' vectors and hands every rank's attachment, in rank order, to `body`.
  ///
  /// - Parameters:
  ///   - dense: Vectors of P values, Float32; the same P and plan on every rank. Every rank ends with the same bits: the order
  ///     of the sum depends on the plan only. Of an exchange that was opened, what `open` got.
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
  public var sentBytes: Int64 { 0 }
  public var receivedBytes: Int64 { 0 }

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
