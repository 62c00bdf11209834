import Evaluation
import Foundation
import Health
import Registry
import Rollouts
import Vocabulary

/// All that is known about a pipeline at one moment: what `status --json` prints.
struct PipelineStatus: Codable, Sendable {
  struct Worker: Codable, Sendable {
    var id: String
    var rank: Int?
    var state: String
    var step: Int64
    /// Records behind the head, over its partitions; nil: not known yet.
    var lag: Int64?
    var partitions: [Int32]
    var lastSeen: Date
    /// Where it answers Prometheus, as `host:port`; nil: nowhere.
    var metricsAddress: String?
  }

  struct Controller: Codable, Sendable {
    var id: String
    /// Whether it is the one that decides.
    var holdsLease: Bool
    var lastSeen: Date
    /// Where it answers Prometheus, as `host:port`; nil: nowhere.
    var metricsAddress: String?
  }

  /// Test-then-train measures over a span of records.
  typealias Metrics = Measures

  struct Checkpoint: Codable, Sendable {
    var id: Int64
    var step: Int64
    var generation: Int64
    var createdAt: Date
    var isFinal: Bool
    /// False once its state was pruned.
    var hasState: Bool
    var stateBytes: Int64
    /// SHA-256 of the parameters.
    var parametersDigest: String
    /// Number of the contract that it was learned under; nil: it is older than contracts.
    var contract: Int64?
    /// Which model of the pipeline it is of: one more each time that it began anew.
    var lineage: Int
    /// Over the whole lineage.
    var metrics: Metrics
    /// Since the checkpoint before.
    var window: Metrics
  }

  struct Version: Codable, Sendable {
    var number: Int64
    var state: String
    /// Of live requests.
    var share: Double
    var checkpoint: Int64
    var step: Int64?
    var createdAt: Date
    /// When it came into its state.
    var since: Date
    var wasStable: Bool
    var wasRolledBack: Bool
    /// Serves, and its own pairs have not said yet that it is as good as the version confirmed before it.
    var isOnWatch: Bool
    /// What it waits for, or is on watch for; nil: for nothing.
    var waits: String?
    /// Its frozen weights against those of the version confirmed last; nil: there is nothing to compare yet.
    var comparison: Comparison?
    /// Its frozen weights against the learner, on the same records of late; nil: it is not asked about what comes.
    var frozenLoss: FrozenLoss?
    /// Of its checkpoint's lineage, test-then-train.
    var metrics: Metrics?
  }

  /// Pairs of two versions' frozen weights on the same records.
  struct Comparison: Codable, Sendable {
    /// The version that it is held against.
    var with: Int64
    var pairs: Int64
    /// Of its loss minus the other's, a record; bounds hold at every look, and are absent with too few pairs.
    var mean: Double
    var lower: Double?
    var upper: Double?
    /// How much worse it may be.
    var tolerance: Double
    /// Whether workers ask it about what comes.
    var isAsked: Bool
    /// Where `rollout.slices` names features: the slices on which it may be worse, the worst first.
    var slices: [Slice]
  }

  /// A version's pairs on one slice of the records.
  struct Slice: Codable, Sendable {
    /// As `carrier=UA`.
    var slice: String
    /// `loss`, or `error`: wrong answers.
    var measure: String
    var pairs: Int64
    /// Of its measure minus the other version's; bounds hold at every look, over all slices, and are absent with too few pairs.
    var lower: Double?
    var upper: Double?
    /// How much worse it may be.
    var tolerance: Double
    /// Whether it is, by more.
    var isWorse: Bool
  }

  struct Decision: Codable, Sendable {
    var id: Int64
    var at: Date
    var version: Int64
    var from: String
    var to: String
    /// Of live requests, which a canary got by it; nil: what the state says.
    var share: Double?
    var rule: String
    var observed: Double?
    var threshold: Double?
    var window: String
    var actor: String
    var reason: String
  }

  struct Layer: Codable, Sendable {
    var layer: String
    var zeroShare: Double
    var saturatedShare: Double
    var deadUnits: Int
    var units: Int
    var nonFinite: Int64
    /// Root mean square over the window's steps.
    var gradientNorm: Double?
    var updateRatio: Double?
  }

  struct Incident: Codable, Sendable {
    var id: Int64
    var at: Date
    var kind: String
    var severity: String
    var layer: String?
    var feature: String?
    var step: Int64?
    var positions: [String]
    /// When it was over; nil: it goes on, or happened in a moment.
    var closedAt: Date?
    /// Nobody has said yet that it is over.
    var goesOn: Bool
    /// What is known beside, as JSON text.
    var details: String?
  }

  struct DeadLetters: Codable, Sendable {
    /// As workers tell; of the lineage, where they are gone or have told of fewer.
    var delivered: Int64 = 0
    /// Of the delivered, those that were shortened to fit.
    var cut: Int64 = 0
    /// Those that the dead-letter topic did not take.
    var lost: Int64 = 0
    var waiting: Int64 = 0
  }

  /// What happened to the values of one feature over the lineage, of records that were kept unless it says otherwise.
  struct Feature: Codable, Sendable {
    var feature: String
    var path: String
    /// Kept records, since the feature is counted.
    var records: Int64
    /// Absent or null; the value is what `missing` says.
    var missing: Int64
    /// Became the nearest bound of the clip range.
    var clipped: Int64
    /// Categories outside the known values.
    var unknown: Int64
    /// Far outside the usual range, and taken as absent.
    var wild: Int64
    /// Records that were refused because of it.
    var rejected: Int64
    var missingShare: Double
    /// Keys of a record without it that may have been meant.
    var near: [String]
    /// Of a category: which rows its values have, by the newest checkpoint.
    var values: ValueRows?
  }

  /// A head beyond the first, test then train.
  struct Head: Codable, Sendable {
    var head: String
    var records: Int64
    /// Per record, in the unit of its loss.
    var loss: Double?
    /// Since the last checkpoint but one.
    var windowRecords: Int64
    var windowLoss: Double?

    init(_ loss: HeadLoss) {
      head = loss.name
      records = loss.total.records
      self.loss = loss.total.mean
      windowRecords = loss.window.records
      windowLoss = loss.window.mean
    }
  }

  struct Server: Codable, Sendable {
    var address: String
    /// The stable version that it serves; nil before the first.
    var version: Int64?
    var lastSeen: Date
    /// Where it answers Prometheus, as `host:port`; nil: an older program, which does not say.
    var metricsAddress: String?
  }

  var pipeline: String
  /// `running`, `paused` or `stopped`: what was asked for.
  var desiredState: String
  /// Why the lineage was halted; nil: it was not.
  var halted: String?
  /// That nothing is promoted, as a person said; nil: nobody did.
  var freeze: Freeze?
  /// What drift is not watched for yet, though a version serves; nil: nothing.
  var driftWait: DriftWait?
  var desiredWorkers: Int
  var generation: Int64?
  var step: Int64
  /// Trained, unlabelled and rejected together.
  var consumed: Int64
  var trained: Int64
  /// Records without a label: predicted, not learned.
  var unlabelled: Int64 = 0
  /// Records that were refused; 'audit' counts the unlabelled among its rejected.
  var rejected: Int64
  var rejectedByReason: [String: Int64]
  /// Offsets that the broker removed before they were read.
  var lostByBroker: Int64
  /// What became of refused records, by the workers of now.
  var deadLetters: DeadLetters
  /// The same by field and reason, each with an example; the most frequent first.
  var rejections: [FieldReport.Rejection] = []
  /// What needs a person's eye, in sentences.
  var warnings: [String] = []
  var recordsPerSecond: Double
  var lag: Int64?
  /// Of the lag, what waits behind open transactions.
  var behindTransactions: Int64
  var workers: [Worker]
  /// Test-then-train over the lineage, as new as it is known.
  var measures: Metrics?
  /// The same over the last checkpoints, of at least 1,000 records where there are so many.
  var window: Metrics?
  /// The heads beyond the first.
  var heads: [Head] = []
  /// What each member of `model: auto` counts, as a worker that is there says; nil: nobody does, or the model has none.
  var members: [MemberWeight]?
  /// In the order of the schema.
  var features: [Feature] = []
  var checkpoint: Checkpoint?
  /// Newest first.
  var versions: [Version]
  /// Newest first.
  var decisions: [Decision]
  var health: [Layer]
  var incidents: [Incident]
  var servers: [Server]
  /// Those that are there now.
  var controllers: [Controller] = []
  /// What does not work at the moment, a sentence each.
  var troubles: [String] = []
  /// Beside the live one: what goes on, or was over within the day.
  var runs: [ReplayProgress] = []
  /// What became of all that are over.
  var retraining: RetrainTally?
  /// Records that the newest checkpoint covers.
  var saved: Int64 = 0

  var stable: Version? { versions.first { $0.state == "stable" } }
}
