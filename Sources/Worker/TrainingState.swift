package import Evaluation
import Foundation
package import Health
package import Registry
package import Vocabulary

/// Everything but the model that a step changes, the same on every rank: with the learner's bytes and its memory's it is the
/// one value of design D4 that checkpoints save and peers hand over.
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
  /// What frozen versions lost, and the learner on the same records.
  package var frozen = FrozenScores()
  /// Every step's ranges since the last durable checkpoint, where the pipeline keeps a ledger. Every rank has it: any may lead the
  /// next generation.
  package var ledger: [LedgerEntry] = []
  /// What was decided of the same steps.
  package internal(set) var decisions: [StepDecision] = []
  /// The first step since which every step's ranges were kept; nil: the last one's were not.
  package private(set) var ledgerSince: Int64?
  /// What happened to the values of which declared field.
  package var fields = FieldAccount()
  package var lossWatch = LossWatch()
  /// The same of the version that serves, which does not learn.
  package var stableWatch = LossWatch()
  /// Steps in a row that a rule with the action `skip_step` found sick, skipped or not.
  package var sickInRow = 0
  /// Reproducible mode: the last step had less than a full share of each partition, as they had been drained.
  package var endsShort = false
  /// The losses of the heads beyond the first, in their order.
  package var heads: [HeadLoss] = []
  /// The classes that were found, in the order of the outputs; none where they are listed.
  package var classes: [String] = []
  /// Against the budget of records that make numbers non-finite.
  package var nonFinite = NonFiniteRate()

  package init(task: EvaluationTask, progress: [PartitionProgress]) {
    self.progress = progress
    metrics = StreamMetrics(task: task)
    window = StreamMetrics(task: task)
  }

  package var trained: Int64 { progress.reduce(0) { $0 + $1.trained } }
  /// Records that became something.
  package var consumed: Int64 { trained + rejectedTotal }
  package var rejectedTotal: Int64 { progress.reduce(0) { $0 + $1.rejected } }

  /// What an older program wrote has fewer reasons, and lacks what came later.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    step = try container.decode(Int64.self, forKey: .step)
    progress = try container.decode([PartitionProgress].self, forKey: .progress)
    rejected = try container.decode([Int64].self, forKey: .rejected)
    let newReasons = RejectReason.allCases.count - rejected.count
    if newReasons > 0 { rejected += [Int64](repeating: 0, count: newReasons) }
    metrics = try container.decode(StreamMetrics.self, forKey: .metrics)
    window = try container.decode(StreamMetrics.self, forKey: .window)
    frozen = try container.decodeIfPresent(FrozenScores.self, forKey: .frozen) ?? FrozenScores()
    ledger = try container.decodeIfPresent([LedgerEntry].self, forKey: .ledger) ?? []
    decisions = try container.decodeIfPresent([StepDecision].self, forKey: .decisions) ?? []
    ledgerSince = try container.decodeIfPresent(Int64.self, forKey: .ledgerSince)
    fields = try container.decodeIfPresent(FieldAccount.self, forKey: .fields) ?? FieldAccount()
    lossWatch = try container.decodeIfPresent(LossWatch.self, forKey: .lossWatch) ?? LossWatch()
    sickInRow = try container.decodeIfPresent(Int.self, forKey: .sickInRow) ?? 0
    endsShort = try container.decodeIfPresent(Bool.self, forKey: .endsShort) ?? false
    stableWatch = try container.decodeIfPresent(LossWatch.self, forKey: .stableWatch) ?? LossWatch()
    heads = try container.decodeIfPresent([HeadLoss].self, forKey: .heads) ?? []
    classes = try container.decodeIfPresent([String].self, forKey: .classes) ?? []
    nonFinite.begin(total: rejected[RejectReason.nonFinite.index], consumed: consumed)
    nonFinite = try container.decodeIfPresent(NonFiniteRate.self, forKey: .nonFinite) ?? nonFinite
  }

  /// Takes up what a step took from the partitions.
  ///
  /// - Parameter entries: nil: this worker keeps no ledger, and one that ends before a checkpoint would be half a one.
  package mutating func keep(_ entries: [LedgerEntry]?, of step: Int64) {
    guard let entries else {
      if ledgerSince != nil || !ledger.isEmpty { (ledger, decisions, ledgerSince) = ([], [], nil) }
      return
    }
    if ledgerSince == nil { (ledger, decisions, ledgerSince) = ([], [], step) }
    ledger.append(contentsOf: entries)
  }

  /// Begins to count the losses of heads that are not counted yet, and forgets those of heads that are gone.
  package mutating func alignHeads(_ names: [String]) {
    guard heads.map(\.name) != names else { return }
    heads = names.map { name in heads.first { $0.name == name } ?? HeadLoss(name: name) }
  }

  /// The state, the model's memory, if it has one, and the learner's bytes as one message to a peer.
  package func handOver(learner: [UInt8], memory: [UInt8]?) throws -> [UInt8] {
    let head = try JSONEncoder().encode(self)
    let memory = memory ?? []
    var bytes: [UInt8] = []
    bytes.reserveCapacity(16 + head.count + memory.count + learner.count)
    for part in [[UInt8](head), memory] {
      bytes.append(raw: UInt64(part.count))
      bytes.append(contentsOf: part)
    }
    bytes.append(contentsOf: learner)
    return bytes
  }

  /// The opposite of `handOver`.
  package static func receive(
    _ bytes: [UInt8]
  ) throws -> (state: TrainingState, learner: [UInt8], memory: [UInt8]?) {
    try bytes.withUnsafeBytes { raw in
      var reader = ByteReader(raw)
      let head = try reader.read(bytes: Int(clamping: try reader.read(UInt64.self)))
      let state = try JSONDecoder().decode(TrainingState.self, from: Data(head))
      let memory = try reader.read(bytes: Int(clamping: try reader.read(UInt64.self)))
      return (state, Array(reader.readRest()), memory.isEmpty ? nil : Array(memory))
    }
  }
}
