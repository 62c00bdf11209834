public import Vocabulary

/// A generation of one: what it has is the sum.
public final class SoloCollective: Collective {
  public let rank = Rank(0)
  public let worldSize = 1
  public let generation: Generation
  public var descriptors: [Int32] { [] }
  private var attachments: [UnsafeRawBufferPointer] = []

  public init(generation: Generation) { self.generation = generation }

  public func open(_ dense: DenseValues) {}
  public func advance(_ stretches: Int) {}

  public func exchange<Result>(
    _ dense: DenseValues, attachment: UnsafeRawBufferPointer, deadline: Deadline,
    _ body: ([UnsafeRawBufferPointer]) throws -> Result
  ) throws -> Result {
    if let sum = dense.sum.baseAddress, let own = dense.vectors.baseAddress, sum != own {
      sum.update(from: own, count: dense.sum.count)
    }
    attachments.append(attachment)
    defer { attachments.removeAll(keepingCapacity: true) }
    return try body(attachments)
  }

  public func broadcast(from root: Rank, _ bytes: [UInt8], deadline: Deadline) throws -> [UInt8] {
    precondition(root == rank, "a generation of one has no rank \(root)")
    return bytes
  }

  public func close() {}
}
