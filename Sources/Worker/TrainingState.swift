import Evaluation
import Foundation
import Vocabulary

/// Everything but the learner that a step changes, the same on every rank: with the learner's bytes it is the one value
/// of design D4 that checkpoints save and peers hand over.
package struct TrainingState: Codable, Sendable {
  /// Agreed steps that consumed a record, since the lineage began.
  package var step: Int64 = 0
  /// By partition number, every partition of the topic.
  package var progress: [PartitionProgress]
  /// Cumulative counts by `RejectReason.index`.
  package var rejected = [Int64](repeating: 0, count: RejectReason.allCases.count)
  /// Test-then-train over the lineage.
  package var metrics: StreamMetrics
  /// Test-then-train since the last checkpoint.
  package var window: StreamMetrics
  /// The learner against the stable version on the same records, since that version became stable.
  package var comparison = PairedDifference()
  package var comparedWith: Int64 = 0
  /// Every step's ranges since the last durable checkpoint, where the pipeline keeps a ledger. Every rank has it: any may lead the
  /// next generation.
  package var ledger: [LedgerEntry] = []

  package init(task: EvaluationTask, progress: [PartitionProgress]) {
    self.progress = progress
    metrics = StreamMetrics(task: task)
    window = StreamMetrics(task: task)
  }

  package var trained: Int64 { progress.reduce(0) { $0 + $1.trained } }
  /// Records that became something.
  package var consumed: Int64 { trained + rejectedTotal }
  package var rejectedTotal: Int64 { progress.reduce(0) { $0 + $1.rejected } }
  package var lostTotal: Int64 { progress.reduce(0) { $0 + $1.lost } }

  /// The state and the learner's bytes as one message to a peer.
  package func handOver(learner: [UInt8]) throws -> [UInt8] {
    let head = try JSONEncoder().encode(self)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + head.count + learner.count)
    bytes.append(raw: UInt64(head.count))
    bytes.append(contentsOf: head)
    bytes.append(contentsOf: learner)
    return bytes
  }

  /// The opposite of `handOver`.
  package static func receive(_ bytes: [UInt8]) throws -> (state: TrainingState, learner: [UInt8]) {
    try bytes.withUnsafeBytes { raw in
      var reader = ByteReader(raw)
      let head = try reader.read(bytes: Int(clamping: try reader.read(UInt64.self)))
      var state = try JSONDecoder().decode(TrainingState.self, from: Data(head))
      // A peer that knows fewer reasons.
      let missing = RejectReason.allCases.count - state.rejected.count
      if missing > 0 { state.rejected.append(contentsOf: [Int64](repeating: 0, count: missing)) }
      return (state, Array(reader.readRest()))
    }
  }
}
