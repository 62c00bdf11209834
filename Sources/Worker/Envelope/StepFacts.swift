package import Learning

/// What all ranks' records of a step say that is to be remembered, in the order of the records: by partition, then by offset,
/// then by shelf, whoever read them.
///
/// One thread at a time; it keeps its memory.
package struct StepFacts {
  private var order = RecordOrder()
  /// By rank, what it says, and how much of it is taken.
  private var told: [[RecordFact]] = []
  private var next: [Int] = []
  private var facts: [RecordFact] = []

  package init() {}

  /// - Parameters:
  ///   - envelopes: All ranks', by rank.
  ///   - shelves: Of the model.
  /// - Throws: `EnvelopeError` for what no rank of one model sends.
  package mutating func gather(_ envelopes: [ReceivedEnvelope], shelves: Int) throws -> [RecordFact] {
    facts.removeAll(keepingCapacity: true)
    guard envelopes.contains(where: { !$0.facts.isEmpty }) else { return facts }
    while told.count < envelopes.count {
      told.append([])
      next.append(0)
    }
    for (rank, envelope) in envelopes.enumerated() {
      told[rank].removeAll(keepingCapacity: true)
      next[rank] = 0
      try envelope.forEachFact(shelves: shelves) { told[rank].append($0) }
    }
    try order.arrange(envelopes)
    for stretch in order.stretches {
      let (rank, end) = (stretch.rank, stretch.firstRow + Int(stretch.share.rows))
      while next[rank] < told[rank].count, Int(told[rank][next[rank]].row) < end {
        facts.append(told[rank][next[rank]])
        next[rank] += 1
      }
    }
    return facts
  }
}
