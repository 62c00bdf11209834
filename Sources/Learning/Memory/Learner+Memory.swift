import Tensors

extension Learner {
  public var memory: Memory { network.memory }

  /// Notes what the batch says that is to be remembered, in the order of its rows. What is no number is not: no version that
  /// could be returned to would be without it.
  func noteFacts(_ batch: FeatureBatch) {
    facts.removeAll(keepingCapacity: true)
    for encoder in network.encoders { encoder.addFacts(of: batch, to: &facts) }
    facts.removeAll { !$0.value.isFinite }
    if memory.shelves.count > 1 { facts.sort { ($0.row, $0.shelf) < ($1.row, $1.shelf) } }
  }

  public func remember(_ facts: [RecordFact]) {
    pendingFacts.removeAll(keepingCapacity: true)
    pendingFacts.append(contentsOf: facts)
  }

  func takeUpFacts() {
    guard !pendingFacts.isEmpty else { return }
    for encoder in network.encoders { encoder.absorb(pendingFacts) }
    pendingFacts.removeAll(keepingCapacity: true)
  }
}
