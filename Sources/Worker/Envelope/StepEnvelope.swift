import Ingest
import Learning
package import Vocabulary

/// What each rank attaches to the all-reduce of a step (design D2): where its partitions stand, what became of every
/// record, and each row's label and prediction, so that all ranks account for the step alike with no extra round trip.
///
/// Its bytes are sections (`SectionWriter`), so that what a later part of the step has to say is one more of them.
package struct StepEnvelope {
  /// Another one for each form: programs that differ in it say so, and form no group.
  package static let magic: UInt32 = 0x3345_5452  // "RTE3"
  package static let reasonCount = RejectReason.allCases.count

  package var flags: StepFlags = []
  /// The step this is about, so that ranks that lost each other never mix two.
  package var step: Int64 = 0
  /// The versions that the rows' `frozenLosses` are of, the one that all are held against first.
  package var versions: [Int64] = []
  /// Of them the one that serves; 0: none.
  package var serving: Int64 = 0
  /// The step of the newest checkpoint that the leader knows to be durable; −1: none. Others send −1.
  package var savedStep: Int64 = -1
  /// What the learning rate of this step is multiplied by; the leader's counts.
  package var rateScale = 1.0
  /// Of a part of the state that this rank holds (`Update.digest`): the same on every rank.
  package var digest: UInt64 = 0
  /// Sum of the losses of this rank's labelled rows, each times its weight, as they are trained on.
  package var lossSum: Double = 0
  /// Sum of their weights, where records have some.
  package var weight: Double = 0
  package var shares: [PartitionShare] = []
  package var rowCount = 0
  package var outputCount = 1
  /// Of each head beyond the first: this rank's rows with its label, and the sums of their losses and weights.
  package var headLosses: [HeadShare] = []
  /// Of a step that names classes, and holds nothing else.
  package var classes: [ClassSighting] = []

  package init() {}
}

/// The sections of an envelope, in the order in which they are written.
enum EnvelopeSection: UInt32, CaseIterable {
  /// Flags and outputs a row (UInt32 each), step, serving version, saved step (Int64 each), loss sum (Float64),
  /// digest of a part of the state (UInt64), scale of the learning rate (Float64).
  case step
  /// A `PartitionShare` a partition, ascending, each with its rejections by reason (Int64).
  case shares
  /// Of each head beyond the first: records (UInt32), loss sum (Float64).
  case heads
  /// The frozen versions that the rows have losses of (Int64 each).
  case versions
  /// In the order of the shares: labels, losses of the frozen versions, outputs (Float32), losses (Float64).
  case rows
  /// Where records have weights: their sum, that of each further head (Float64 each), and each row's (Float32).
  case weights
  /// Of classes that the model does not know: partition (Int32), offset (Int64), bytes of the name (UInt32), the name.
  case classes
  /// `LayerHealth`, when it is gathered.
  case health
  /// What happened to which field, when something did.
  case notices
  /// The learner's attachment; a rank that is alone leaves it out.
  case learner
  /// What rows say that is to be remembered, by row, then by shelf: row, shelf (UInt32 each), key (UInt64), value (Float32).
  /// A row's place says which record it is: rows lie by partition, then by offset.
  case facts
  /// Where sums are by partition, by share: loss sum, weight (Float64 each).
  case partSums
  /// Where versions are compared by slices: by field, of each row the place of its value (UInt8); then those rows whose value is
  /// new: row, field, bytes of its name (UInt32 each), key (UInt64), name.
  case slices
  /// Rows that were taken out of the step: partition, reason (UInt32 each), offset (Int64).
  case skips
  /// `RowSample`: this rank's part of the window's, when health is gathered.
  case sample
  /// `LayerCost`, on this rank's clock, when health is gathered.
  case costs
  /// `LearnedLoss` of this rank's records, when health is gathered and there was one: records, before, after (Int64 each).
  case relearned
}

/// What one partition's rows of a step gave: the sum of their losses, each times its weight, and that of their weights.
package struct PartSum: BitwiseCopyable {
  package var lossSum: Double = 0
  package var weight: Double = 0

  package init() {}

  package init(lossSum: Double, weight: Double) { (self.lossSum, self.weight) = (lossSum, weight) }
}

/// One partition's part of a step.
package struct PartitionShare: BitwiseCopyable, Codable {
  package var partition: Int32 = 0
  /// Valid records taken: rows of the batch.
  package var rows: UInt32 = 0
  /// Rows with a label that was learned from.
  package var trained: UInt32 = 0
  private var padding: UInt32 = 0
  /// Offsets without a record.
  package var skipped: Int64 = 0
  /// Offsets that the broker removed before they were read.
  package var lost: Int64 = 0
  package var from: Int64 = 0
  package var next: Int64 = 0

  package init() {}
}

/// A peer sent an envelope that does not fit this rank's.
package enum EnvelopeError: Error, CustomStringConvertible {
  case notAnEnvelope(SectionError)
  case otherModel(outputs: Int, expected: Int)
  case sizesDisagree(section: String)
  case partitionsDisordered(partition: Int32)
  case unknownPartition(Int32)
  case unknownField(code: Int32)
  case notASample(any Error)
  case otherSample
  case notCosts(any Error)
  case wrongFact(row: UInt32, shelf: UInt32, reason: String)

  package var description: String {
    switch self {
    case .notAnEnvelope(let error):
      "a peer's attachment is not a step envelope (\(error)): are all workers of one version?"
    case .sizesDisagree(let section):
      "a peer's \(section) do not have the size that its shares announce: are all workers of one version?"
    case .partitionsDisordered(let partition):
      "partition \(partition) is out of order, or twice, in the shares of a step"
    case .otherModel(let outputs, let expected): "a peer's model has \(outputs) outputs, ours \(expected)"
    case .unknownPartition(let partition): "a peer took records from partition \(partition), which the topic has not"
    case .unknownField(let code):
      "a peer tells of a field that the schema has not (code \(code)): do all workers have one pipeline?"
    case .notASample(let error):
      "a peer's sample of records cannot be read (\(error)): are all workers of one version?"
    case .notCosts(let error):
      "what a peer's layers took cannot be read (\(error)): are all workers of one version?"
    case .otherSample: "a peer samples other columns than we do: do all workers have one pipeline?"
    case .wrongFact(let row, let shelf, let reason):
      "a peer tells of what is to be remembered, and number \(shelf) of what its row \(row) says \(reason): do all workers "
        + "have one pipeline?"
    }
  }
}
