package import Learning
import Synchronization
import Tensors
package import Vocabulary

/// A record that made a number non-finite, with the layer and the feature where that began (design D7).
package struct QuarantinedRecord: Sendable {
  package let position: RecordPosition
  package let step: Int64
  package let layer: String
  package let feature: String?
  /// Any other than the first is no incident: a letter says it.
  package var reason = RejectReason.nonFinite
  /// What the letter says of it.
  package var remark: String?

  package init(
    position: RecordPosition, step: Int64, layer: String, feature: String?, reason: RejectReason = .nonFinite,
    remark: String? = nil
  ) {
    (self.position, self.step, self.layer, self.feature) = (position, step, layer, feature)
    (self.reason, self.remark) = (reason, remark)
  }
}

/// Finds the records behind a non-finite number, takes them out of the step and keeps them for the incident writer.
package final class Quarantine: Sendable {
  private let topic: String
  private struct Found {
    var records: [QuarantinedRecord] = []
    /// Of these, those that no incident tells of.
    var letters = 0
    /// Letters that found no room, and the first of them.
    var lost = 0
    var firstLost: RecordPosition?
  }

  private let found = Mutex(Found())
  /// A bound on what waits to be written, of either kind: of non-finite records the budget stops the lineage long before.
  package static let waitingMax = 10_000

  package init(topic: String) { self.topic = topic }

  /// What a step's records give, or their sum, is not finite: takes those of this rank's rows out of the step that alone give no
  /// numbers, or make the sum overflow. There may be none.
  ///
  /// - Returns: Where they lie, for `put`, once it is clear that they are to blame.
  package func cure(_ shares: StepShares, learner: any Model, step: Int64) -> [QuarantinedRecord] {
    var found: [QuarantinedRecord] = []
    for row in learner.nonFiniteRows(in: shares.batch) where !shares.takenOut.contains(row.row) {
      let place = shares.quarantine(row: row.row)
      found.append(
        QuarantinedRecord(
          position: RecordPosition(topic: topic, partition: place.partition, offset: place.offset), step: step,
          layer: row.layer, feature: row.feature))
    }
    return found
  }

  /// The update overflowed though no record does: none is to blame.
  package func reportReducedStep(step: Int64, isLeader: Bool) {
    guard isLeader else { return }
    put(
      QuarantinedRecord(
        position: RecordPosition(topic: topic, partition: -1, offset: -1), step: step, layer: "update", feature: nil))
  }

  package func takeFound() -> [QuarantinedRecord] {
    found.withLock { found in
      defer { (found.records, found.letters) = ([], 0) }
      return found.records
    }
  }

  /// How many letters were lost since the last call because too many waited, and where the first of the records lies.
  package func takeLost() -> (count: Int, first: RecordPosition)? {
    found.withLock { found in
      defer { (found.lost, found.firstLost) = (0, nil) }
      return found.firstLost.map { (found.lost, $0) }
    }
  }

  /// Keeps a record for the incident writer.
  package func put(_ record: QuarantinedRecord) {
    found.withLock { found in
      let isLetter = record.reason != .nonFinite
      let waiting = isLetter ? found.letters : found.records.count - found.letters
      guard waiting < Self.waitingMax else {
        guard isLetter else { return }
        found.lost += 1
        found.firstLost = found.firstLost ?? record.position
        return
      }
      found.letters += isLetter ? 1 : 0
      found.records.append(record)
    }
  }
}
