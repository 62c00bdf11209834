package import Vocabulary

/// Ranks that ought to hold the same state do not: a bit of somebody's memory has changed. Nothing of the step in hand is learned,
/// and who is outvoted gives up its state; where nobody is, all do, and go on from the newest checkpoint.
package struct ReplicaDivergence: Error, CustomStringConvertible {
  package let step: Int64
  package let worldSize: Int
  /// Whose digest is another one than that of more than half of the ranks; all, where there is no such half.
  package let damaged: [Int]

  /// - Parameter envelopes: All ranks', by rank.
  /// - Returns: nil where all ranks hold the same.
  package init?(_ envelopes: [ReceivedEnvelope], step: Int64) {
    guard let first = envelopes.first?.digest, envelopes.contains(where: { $0.digest != first }) else { return nil }
    self.init(digests: envelopes.map(\.digest), step: step)
  }

  /// Some ranks' models give no numbers even for records without values, and another's gives them.
  ///
  /// - Returns: nil where none does.
  package init?(damagedOf envelopes: [ReceivedEnvelope], step: Int64) {
    damaged = envelopes.indices.filter { envelopes[$0].flags.contains(.damaged) }
    guard envelopes.contains(where: { !$0.flags.contains(.damaged) && $0.rowCount > 0 }) else { return nil }
    (self.step, worldSize) = (step, envelopes.count)
  }

  package init(digests: [UInt64], step: Int64) {
    self.step = step
    worldSize = digests.count
    let sound = digests.first { digest in digests.count { $0 == digest } * 2 > digests.count }
    damaged = digests.indices.filter { digests[$0] != sound }
  }

  /// Whether the rank's state is that of more than half.
  package func isSound(_ rank: Rank) -> Bool { !damaged.contains(rank.rawValue) }

  package var description: String {
    let ranks = damaged.map(String.init).joined(separator: ", ")
    return damaged.count == worldSize
      ? "after step \(step) the \(worldSize) workers hold different models, and no majority says which is right: all go on "
        + "from the newest checkpoint; look at the memory of their machines"
      : "after step \(step) rank \(ranks) holds another model than the other \(worldSize - damaged.count) of \(worldSize): "
        + "it takes theirs; look at the memory of its machine"
  }
}
