package import Vocabulary

/// Ranks that ought to hold the same state do not: a bit of somebody's memory has changed. Nothing of the step in hand is learned,
/// and who holds something else gives up its state. Where nobody can say who that is, all do, and go on from the newest checkpoint,
/// which all had agreed on before it was written.
package struct ReplicaDivergence: Error, CustomStringConvertible {
  package let step: Int64
  package let worldSize: Int
  /// Whose state is another one than that of more than half of the ranks, or differs from what all had agreed on where no
  /// step has changed it since; all, where nobody can say; none, where they hold the same after all.
  package internal(set) var damaged: [Int]
  /// What of the state differs, in words; empty: nobody has looked.
  package internal(set) var parts: [String] = []
  /// Whether steps may have read what differs: then others have learned from what it gave.
  package internal(set) var mayHaveSpread = true
  /// What the ranks held, where nobody can say who is wrong.
  package internal(set) var looks: [StateLook] = []
  /// Who is wrong was seen by what its model gives.
  private(set) var isSeenByNumbers = false

  /// - Parameter envelopes: All ranks', by rank.
  /// - Returns: nil where all ranks hold the same.
  package init?(_ envelopes: [ReceivedEnvelope], step: Int64) {
    guard let first = envelopes.first else { return nil }
    // Every step comes by here: no closures.
    var (isElsewhere, isOther) = (false, false)
    for envelope in envelopes {
      if envelope.step != first.step { isElsewhere = true }
      if envelope.digest != first.digest { isOther = true }
    }
    guard isElsewhere || isOther else { return nil }
    self.init(
      digests: isElsewhere ? envelopes.map { UInt64(bitPattern: $0.step) } : envelopes.map(\.digest), step: step)
  }

  /// Some ranks' models give no numbers even for records without values, and another's gives them.
  ///
  /// - Returns: nil where none does.
  package init?(damagedOf envelopes: [ReceivedEnvelope], step: Int64) {
    damaged = envelopes.indices.filter { envelopes[$0].flags.contains(.damaged) }
    guard envelopes.contains(where: { !$0.flags.contains(.damaged) && $0.rowCount > 0 }) else { return nil }
    (self.step, worldSize, isSeenByNumbers) = (step, envelopes.count, true)
  }

  package init(digests: [UInt64], step: Int64) {
    self.step = step
    worldSize = digests.count
    damaged = Self.outvoted(digests)
  }

  /// A worker that is alone finds that what no step has changed is not what it was.
  package init(alone parts: [String], step: Int64) {
    (self.step, worldSize, damaged, self.parts) = (step, 1, [0], parts)
  }

  /// Who holds another one than more than half do; all, where no such half is.
  static func outvoted(_ values: [UInt64]) -> [Int] {
    let sound = values.first { value in values.count { $0 == value } * 2 > values.count }
    return values.indices.filter { values[$0] != sound }
  }

  /// Whether the rank's state is known to be right.
  package func isSound(_ rank: Rank) -> Bool { !damaged.contains(rank.rawValue) }

  /// Whether the rank goes on from what it holds.
  ///
  /// - Parameter isReproducible: The run is to have the bits of one without the damage.
  package func keepsState(_ rank: Rank, isReproducible: Bool) -> Bool {
    isSound(rank) && !(isReproducible && mayHaveSpread)
  }

  package var description: String { sentence(members: [], isReproducible: false) }

  /// - Parameter members: Who is which rank, in words.
  package func sentence(members: [String], isReproducible: Bool) -> String {
    let what = parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
    if damaged.isEmpty {
      return
        "after step \(step) the \(worldSize) workers' digests differed and their models do not: all go on from memory; "
        + "look at their machines"
    }
    if worldSize == 1 {
      return
        "at step \(step) what no step has changed is not what it was\(what): the worker goes on from the newest checkpoint; "
        + "look at the memory of its machine"
    }
    if damaged.count == worldSize {
      return
        "after step \(step) the \(worldSize) workers hold different models\(what), and nobody can say which is right: all go "
        + "on from the newest checkpoint, which they had agreed on; look at the memory of their machines"
    }
    let ranks = damaged.map { rank in
      members.indices.contains(rank) ? "\(rank), \(members[rank])," : String(rank)
    }.joined(separator: " ")
    let goesBack = isReproducible && mayHaveSpread
    return
      "after step \(step) rank \(ranks) holds another model than the other \(worldSize - damaged.count) of \(worldSize)"
      + what
      + (goesBack
        ? ": others have learned from what it gave, so all go on from the newest checkpoint; look at the memory of its machine"
        : ": it takes theirs; look at the memory of its machine")
  }
}
