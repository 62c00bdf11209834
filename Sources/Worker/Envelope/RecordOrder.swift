import Vocabulary

/// The order in which every rank takes up what the records of a step say: by partition, then by offset. It does not depend
/// on who read them, so a state that is made of records is the same bits whatever the number of workers.
///
/// One thread at a time; it keeps its memory.
package struct RecordOrder {
  /// One partition's records in one rank's envelope.
  package struct Stretch {
    /// The rank's envelope.
    package let rank: Int
    /// The share's place in it.
    package let place: Int
    package let share: PartitionShare
    /// The first of its rows there.
    package let firstRow: Int
  }

  package private(set) var stretches: [Stretch] = []
  /// Where each rank's envelope has been read to.
  private var next: [(place: Int, row: Int)] = []

  package init() {}

  /// - Parameter envelopes: All ranks', by rank; partitions ascend within each.
  /// - Throws: `EnvelopeError` when two ranks tell of one partition.
  package mutating func arrange(_ envelopes: [ReceivedEnvelope]) throws {
    stretches.removeAll(keepingCapacity: true)
    next.removeAll(keepingCapacity: true)
    for _ in envelopes { next.append((place: 0, row: 0)) }
    while let rank = rankOfLowest(envelopes) {
      let share = envelopes[rank].share(next[rank].place)
      if let last = stretches.last, last.share.partition == share.partition {
        throw EnvelopeError.partitionsDisordered(partition: share.partition)
      }
      stretches.append(Stretch(rank: rank, place: next[rank].place, share: share, firstRow: next[rank].row))
      next[rank] = (next[rank].place + 1, next[rank].row + Int(share.rows))
    }
  }

  /// Whose next partition is the lowest; nil: all are taken.
  private func rankOfLowest(_ envelopes: [ReceivedEnvelope]) -> Int? {
    var lowest: (rank: Int, partition: Int32)?
    for (rank, envelope) in envelopes.enumerated() where next[rank].place < envelope.shareCount {
      let partition = envelope.share(next[rank].place).partition
      if lowest.map({ partition < $0.partition }) ?? true { lowest = (rank, partition) }
    }
    return lowest?.rank
  }
}
