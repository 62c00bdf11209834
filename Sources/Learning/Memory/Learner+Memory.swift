import Tensors

extension Learner {
  /// What the stream has said by key. It is no part of `encodeState`: it has a state of its own, and no version.
  public var memory: Memory { network.memory }

  /// Notes what the batch says that is to be remembered, in the order of its rows.
  func noteFacts(_ batch: FeatureBatch) {
    facts.removeAll(keepingCapacity: true)
    for encoder in network.encoders { encoder.addFacts(of: batch, to: &facts) }
    if memory.shelves.count > 1 { facts.sort { ($0.row, $0.shelf) < ($1.row, $1.shelf) } }
  }

  /// Hands over what all ranks' records of the step say: before `apply`, which takes it up ahead of the update, unless it
  /// forgets the step.
  ///
  /// - Parameter facts: All ranks', in the order of the records: by partition, then by offset. `row` is not looked at.
  public func remember(_ facts: [RecordFact]) { pendingFacts = facts }

  func takeUpFacts() {
    guard !pendingFacts.isEmpty else { return }
    for encoder in network.encoders { encoder.absorb(pendingFacts) }
    pendingFacts.removeAll(keepingCapacity: true)
  }
}
