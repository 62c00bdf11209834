/// What became of every record of a lineage, recomputed from the tables.
public struct AuditReport: Sendable, Hashable, Codable {
  /// What became of one partition's records.
  public struct Partition: Sendable, Hashable, Codable {
    public let partition: Int32
    /// Which topic of its name: one more each time that it was made anew. The offsets are those of this one, the counts
    /// those of the lineage.
    public let stream: Int
    public let startOffset: Int64
    public let nextOffset: Int64
    /// Offsets passed over that held a record.
    public let consumed: Int64
    public let trained: Int64
    public let rejected: Int64
    public let skipped: Int64
    /// Offsets that the broker removed before they were read.
    public let lostByBroker: Int64
    public let lost: Int64
    public let duplicated: Int64
  }

  /// The steps' offset ranges, held against each other and against the sums.
  public struct Ledger: Sendable, Hashable, Codable {
    public let steps: Int64
    public let ranges: Int64
    /// Places where a range does not begin where the one before ended, and the offsets between.
    public let gaps: Int64
    public let overlaps: Int64
    public let lost: Int64
    public let duplicated: Int64
    public let trained: Int64
    public let rejected: Int64
    /// Whether the ranges, as far as the ledger was kept, reach from each checkpoint to the next with its counts.
    public let agrees: Bool
    /// Where they do not: checkpoints and partitions, in words.
    public let disagreements: [String]
    /// The steps whose ranges are there: `training.ledger` may be off for a while, or come later than the first step.
    public let covers: [Stretch]
    /// Steps without ranges: what became of their records is held against the sums alone.
    public let unrecordedSteps: Int64

    /// Steps from one to another, both included.
    public struct Stretch: Sendable, Hashable, Codable {
      public let from: Int64
      public let to: Int64
    }
  }

  /// The end of the lineage; nil when there is no checkpoint yet.
  public let checkpoint: Int64?
  public let version: Int64?
  public let consumed: Int64
  public let trained: Int64
  public let rejected: Int64
  public let skipped: Int64
  /// Offsets that the broker removed before they were read, as retention does.
  public let lostByBroker: Int64
  /// Records passed over without a trace by us.
  public let lost: Int64
  /// Records counted more than once.
  public let duplicated: Int64
  /// Of the rejected, those without a label: predicted, not learned.
  public let unlabelled: Int64
  public let rejectedByReason: [String: Int64]
  public let partitions: [Partition]
  /// What happened to the stream on the way, one sentence each: a topic that was made anew.
  public let notes: [String]
  /// Checkpoints in the lineage, each held against its parent.
  public let links: Int
  public let ledger: Ledger?
  /// What does not add up, one sentence each; empty when all does.
  public let problems: [String]

  public var isClean: Bool { problems.isEmpty }
}
