/// How many records a step takes from which partition: as many from each, or so many in all, dealt over the partitions in a
/// fixed rotation. A pure function of the pipeline and the turn, never of who computes (design D1); where steps need not be
/// reproducible, a worker takes what a partition does not have from its others.
public struct StepDeal: Sendable, Hashable {
  /// Partitions of the topic.
  public let partitions: Int
  /// Records of each partition in every step.
  private let base: Int
  /// Partitions that give one more in a step: others in the next.
  private let extra: Int
  /// Whether what some partitions do not have is taken from others: a step is to have so many in all.
  public let spreads: Bool
  /// Which step takes what follows from the stream alone, and not from what of it had been read by then: a share ends with its last
  /// record, and what holds none behind that is of the next share.
  public let isExact: Bool

  public init(each: Int, partitions: Int, isExact: Bool = false) {
    precondition(each > 0 && partitions > 0, "\(each) records of \(partitions) partitions")
    (self.partitions, base, extra, spreads, self.isExact) = (partitions, each, 0, false, isExact)
  }

  public init(total: Int, partitions: Int, spreads: Bool = false, isExact: Bool = false) {
    precondition(total > 0 && partitions > 0, "\(total) records of \(partitions) partitions")
    (base, extra) = total.quotientAndRemainder(dividingBy: partitions)
    (self.partitions, self.spreads, self.isExact) = (partitions, spreads, isExact)
  }

  public init(_ training: TrainingSettings, partitions: Int) {
    if let total = training.recordsPerStep {
      self.init(
        total: total, partitions: partitions, spreads: !training.reproducible, isExact: training.reproducible)
    } else {
      self.init(each: training.recordsPerPartition, partitions: partitions, isExact: training.reproducible)
    }
  }

  /// The most that a partition gives a step where all have records.
  public var shareMax: Int { base + (extra > 0 ? 1 : 0) }

  /// The most that a step takes of one partition.
  public var takeMax: Int { spreads ? stepMax : shareMax }

  /// The most that a step takes in all.
  public var stepMax: Int { base * partitions + extra }

  /// The most that a step takes of `held` partitions together.
  public func rowsMax(ofPartitions held: Int) -> Int { base * held + min(held, extra) }

  /// What a step takes of a partition, at most, where all have records.
  ///
  /// - Parameter turn: Not below 0; each turn begins where the one before ended.
  public func share(of partition: Int32, turn: Int64) -> Int {
    guard extra > 0 else { return base }
    // In remainders, so that no product overflows.
    let first = Int(turn % Int64(partitions)) * extra % partitions
    let place = (Int(partition) - first + partitions) % partitions
    return base + (place < extra ? 1 : 0)
  }
}

extension Pipeline {
  /// What a step takes from where, of a topic with so many partitions.
  public func deal(partitions: Int) -> StepDeal { StepDeal(training, partitions: partitions) }
  /// The same of the topic as the pipeline declares it.
  public var deal: StepDeal { deal(partitions: source.partitions) }
}

extension TrainingSettings {
  /// The key that says how large steps are, and what it says.
  var stepKey: String { recordsPerStep == nil ? "records_per_partition" : "records_per_step" }
  var stepCount: Int { recordsPerStep ?? recordsPerPartition }
}
