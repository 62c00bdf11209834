import Evaluation
package import Health
import Tensors
package import Vocabulary

/// A copy of everything a checkpoint holds, taken between two steps by one copy; looked at and written in
/// the background.
package struct Snapshot: Sendable {
  package var generation: Generation
  package var state: TrainingState
  package var learner: [UInt8]
  /// What the stream has said by key, as `Model.encodeMemory` gives it; nil: the model remembers nothing.
  package var memory: [UInt8]?
  package var health: [LayerHealth]
  /// Records of the window, drawn at random.
  package var sample: RowSample?
  /// What the layers took in the window, on all ranks' clocks.
  package var costs: [LayerCost] = []
  package var ledger: [LedgerEntry]
  package var isFinal: Bool
  /// Records of a step of late, to be answered once more; nil: this rank had none.
  var rows: SnapshotRows?
  /// From the first record of the window to the last, on the clock of this rank.
  package var seconds: Double = 0

  /// Takes over what only an older snapshot holds that was never written: its part of the window. (The ledger of the newer
  /// one reaches back to the last durable checkpoint itself.)
  package mutating func absorb(unwritten older: Snapshot) {
    var window = older.state.window
    window.merge(state.window)
    state.window = window
    state.fields.absorbWindow(of: older.state.fields)
    for head in older.state.heads {
      guard let place = state.heads.firstIndex(where: { $0.name == head.name }) else { continue }
      state.heads[place].window.add(records: head.window.records, lossSum: head.window.lossSum)
    }
    state.lossWatch.absorbWindow(of: older.state.lossWatch)
    state.stableWatch.absorbWindow(of: older.state.stableWatch)
    seconds += older.seconds
    var merged = older.health
    merged.merge(health)
    health = merged
    sample = older.sample.merged(with: sample)
    var taken = older.costs
    taken.merge(costs)
    costs = taken
  }
}

/// A copy of a batch, for whoever has the snapshot.
struct SnapshotRows: @unchecked Sendable {  // The writer alone reads it, one snapshot at a time.
  let batch: FeatureBatch

  init?(_ rows: FeatureBatch) {
    guard rows.count > 0 else { return nil }
    batch = FeatureBatch(like: rows, capacity: rows.count)
    batch.copyRows(of: rows)
  }
}

/// One partition's part of one step.
package struct LedgerEntry: Sendable, Codable {
  package var step: Int64
  package var share: PartitionShare
  package var trained: Int64

  package init(step: Int64, share: PartitionShare, trained: Int64) {
    self.step = step
    self.share = share
    self.trained = trained
  }
}
