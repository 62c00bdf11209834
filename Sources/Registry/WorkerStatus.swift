public import Evaluation
public import Health
public import Vocabulary

/// What a worker says of itself with each heartbeat.
public struct WorkerStatus: Sendable, Hashable, Codable {
  /// What it is doing, in a word or two: `waiting`, `training`, `paused` …
  public var state: String
  public var rank: Int?
  public var worldSize: Int?
  public var generation: Int64?
  public var step: Int64
  public var recordsPerSecond: Double?
  /// By the whole group since the lineage began.
  public var trained: Int64
  public var rejected: Int64
  /// Offsets that the broker removed before they were read, by the whole group; nil from an older program.
  public var lostByBroker: Int64?
  /// Of this worker since it began.
  public var deadLetters: DeadLetterStatus?
  /// Of `lag`, what waits behind open transactions.
  public var behindTransactions: Int64?
  /// Of this rank's partitions.
  public var lag: [PartitionLag]
  /// Test-then-train over the lineage, and since the last checkpoint; nil: an older program's.
  public var measures: Measures?
  public var window: Measures?
  /// By the whole group since the lineage began, by `RejectReason.rawValue`; only what is not zero.
  public var rejectedByReason: [String: Int64]?
  /// Of the whole group; only fields of which there is something to tell.
  public var fields: FieldReport?
  /// The losses of the heads beyond the first.
  public var heads: [HeadLoss]?
  /// What each member of the model counts; nil: it has none.
  public var members: [MemberWeight]?
  /// What does not work at the moment, a sentence each; nil: an older program, which does not say.
  public var troubles: [String]?
  /// Where it answers Prometheus, as `host:port`; nil: nowhere.
  public var metricsAddress: String?

  public init(
    state: String, rank: Int? = nil, worldSize: Int? = nil, generation: Int64? = nil, step: Int64 = 0,
    recordsPerSecond: Double? = nil, trained: Int64 = 0, rejected: Int64 = 0, lag: [PartitionLag] = []
  ) {
    self.state = state
    self.rank = rank
    self.worldSize = worldSize
    self.generation = generation
    self.step = step
    self.recordsPerSecond = recordsPerSecond
    self.trained = trained
    self.rejected = rejected
    self.lag = lag
  }

  /// What became of the records that a worker refused: on their way to the dead-letter topic and there.
  public struct DeadLetterStatus: Sendable, Hashable, Codable {
    public var delivered: Int64
    /// Of the delivered, those that were shortened to fit.
    public var cut: Int64
    /// Those that the topic did not take.
    public var lost: Int64
    public var waiting: Int64

    public init(delivered: Int64, cut: Int64, lost: Int64, waiting: Int64) {
      self.delivered = delivered
      self.cut = cut
      self.lost = lost
      self.waiting = waiting
    }
  }

  /// How many records of a partition wait to be read.
  public struct PartitionLag: Sendable, Hashable, Codable {
    public var partition: Int32
    public var records: Int64

    public init(partition: Int32, records: Int64) {
      self.partition = partition
      self.records = records
    }
  }

  /// The same, without what is not a number.
  var finite: WorkerStatus {
    var status = self
    status.recordsPerSecond = recordsPerSecond?.ifFinite
    status.members = members?.filter(\.weight.isFinite)
    return status
  }
}
