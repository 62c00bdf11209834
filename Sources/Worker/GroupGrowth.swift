import Ingest
package import Vocabulary

/// What the group did while this worker was part of it, since its process began: unlike the lineage's own counts it never
/// falls, also where a group goes on from a checkpoint that knows less.
package struct GroupGrowth: Sendable, Hashable {
  package private(set) var steps: Int64 = 0
  package private(set) var trained: Int64 = 0
  /// By `RejectReason.index`.
  package private(set) var rejected = [Int64](repeating: 0, count: RejectReason.allCases.count)
  /// Records whose fields were looked at.
  package private(set) var kept: Int64 = 0
  package private(set) var fields: [FieldCode: Int64] = [:]
  private var last: Counts?

  private struct Counts: Hashable {
    let step: Int64
    let trained: Int64
    let rejected: [Int64]
    let fields: FieldAccount
  }

  package init() {}

  /// A state that this worker did not see come about: a checkpoint's, or another worker's.
  package mutating func begin(_ state: TrainingState) { last = Self.counts(state) }

  /// The same state some steps later.
  package mutating func follow(_ state: TrainingState) {
    let now = Self.counts(state)
    defer { last = now }
    guard let last else { return }
    steps += max(0, now.step - last.step)
    trained += max(0, now.trained - last.trained)
    for (place, count) in now.rejected.enumerated() where place < last.rejected.count && place < rejected.count {
      rejected[place] += max(0, count - last.rejected[place])
    }
    kept += max(0, now.fields.records - last.fields.records)
    // Both lists are in the order of their codes, and few entries are new.
    var place = last.fields.entries.startIndex
    for entry in now.fields.entries {
      while place < last.fields.entries.count, last.fields.entries[place].code < entry.code { place += 1 }
      let isKnown = place < last.fields.entries.count && last.fields.entries[place].code == entry.code
      let before = isKnown ? last.fields.entries[place].records : 0
      if entry.records > before { fields[entry.code, default: 0] += entry.records - before }
    }
  }

  private static func counts(_ state: TrainingState) -> Counts {
    Counts(step: state.step, trained: state.trained, rejected: state.rejected, fields: state.fields)
  }
}
