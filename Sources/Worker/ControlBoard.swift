package import Confinement
package import Evaluation
package import Health
import Synchronization
import Telemetry
package import Vocabulary

/// The few facts that the step thread shares with the tasks around it: wishes one way, progress the other.
package final class ControlBoard: Sendable {
  /// What the tasks want of the step thread; read once a step.
  package struct Wishes: Sendable, Equatable {
    package var stop = false
    package var paused = false
    package var regroup = false
    /// The newest generation that the registry knows: an older one must not go on.
    package var newestGeneration: Generation?
    /// `steps:N`: stop when the lineage has this many.
    package var stepLimit: Int64?
    /// The pipeline is another one by now: whoever works on the old one ends, and its successor takes the new one.
    package var isReplaced = false
    /// It waited too long for a group of its contract: it ends, and says so.
    package var waitedInVain: WorkerError?
    /// What the learning rate is multiplied by.
    package var rateScale = 1.0
    /// Stop when every partition is drained to its end.
    package var stopsAtEnd = false
    /// How often something else was wished for.
    package fileprivate(set) var number = 0
  }

  /// What the step thread has done; written a few times a second.
  package struct Facts: Sendable {
    package var rank: Rank?
    package var worldSize = 0
    package var generation: Generation?
    package var step: Int64 = 0
    package var heldStep: Int64?
    package var trained: Int64 = 0
    package var rejected: Int64 = 0
    /// Over the lineage, and since the last checkpoint.
    package var measures: Measures?
    package var window: Measures?
    /// Found so far; nil: they are listed, or there are none.
    package var classes: Int?
    /// By `RejectReason.index`.
    package var rejectedByReason: [Int64] = []
    package var fields = FieldAccount()
    package var heads: [HeadLoss] = []
    /// What each member of the model counts; empty: it has none.
    package var members: [MemberWeight] = []
    package var progress: [PartitionProgress] = []
    package var owned: [Int32] = []
    package var phase = "starting"
    /// The digest of the contract that the group is to run, while this worker has another and waits; nil: it does not.
    package var awaits: String?
    /// Reproducible mode: which of this worker's partitions all wait for, and since when; nil: none.
    package var short: (since: ContinuousClock.Instant, partition: String)?
    /// Why this worker's records can no longer be read; nil: they can.
    package var readingFailure: String?
    /// What only grows, for those who watch the process.
    package var growth = GroupGrowth()
    /// Of all ranks, of the last window that was gathered.
    package var health: [LayerHealth] = []
    /// Of this rank, of all windows that were gathered; what they took only grows.
    package var costs: [LayerCost] = []
    /// Of this rank's partitions, as far as it is known.
    package var lag: [Lag] = []
    /// What does not work at the moment.
    package var troubles = 0
  }

  /// How far a partition's next record is behind its end.
  package struct Lag: Sendable, Hashable {
    package var partition: Int32
    package var records: Int64
    /// How long the next record has waited; nil: longer than anybody has looked.
    package var waiting: Duration?

    package init(partition: Int32, records: Int64, waiting: Duration?) {
      (self.partition, self.records, self.waiting) = (partition, records, waiting)
    }
  }

  private let wishes = Mutex(Wishes())
  private let facts = Mutex(Facts())
  /// Raised when records have arrived or a wish has changed.
  package let wakeUp = WakeUp()

  package init() {}

  package var currentWishes: Wishes { wishes.withLock { $0 } }
  package var currentFacts: Facts { facts.withLock { $0 } }

  package func wish(_ change: (inout Wishes) -> Void) {
    let isNews = wishes.withLock { wishes in
      var new = wishes
      change(&new)
      guard new != wishes else { return false }
      new.number += 1
      wishes = new
      return true
    }
    if isNews { wakeUp.raise() }
  }

  package func report(_ change: (inout Facts) -> Void) { facts.withLock { change(&$0) } }

  /// Ends the group's work, with a final checkpoint and the reason. The first reason stays, and is logged.
  func failReading(_ error: any Error, logger: Logger) {
    let isFirst = facts.withLock { facts in
      guard facts.readingFailure == nil else { return false }
      facts.readingFailure = String(describing: error)
      return true
    }
    if isFirst {
      logger.error("records can no longer be read; stopping", [.error: LogValue(describing: error)])
    }
    wish { $0.stop = true }
  }
}
