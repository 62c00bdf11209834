import Foundation

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
  }

  /// Test-then-train measures over a span of records.
  struct Metrics: Codable, Sendable {
    var records: Int64
    /// The task's loss per record: log loss, cross-entropy, or the loss that a value is learned with, in its unit.
    var loss: Double?
    /// Binary tasks.
    var auc: Double?
    var accuracy: Double?
    /// Values, in the label's unit.
    var mae: Double?
    var rmse: Double?
  }

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
    /// Of its checkpoint's lineage, test-then-train.
    var metrics: Metrics?
  }

  struct Decision: Codable, Sendable {
    var id: Int64
    var at: Date
    var version: Int64
    var from: String
    var to: String
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
    /// What is known beside, as JSON text.
    var details: String?
  }

  struct DeadLetters: Codable, Sendable {
    var delivered: Int64 = 0
    /// Of the delivered, those that were shortened to fit.
    var cut: Int64 = 0
    /// Those that the dead-letter topic did not take.
    var lost: Int64 = 0
    var waiting: Int64 = 0
  }

  struct Server: Codable, Sendable {
    var address: String
    /// The stable version that it serves; nil before the first.
    var version: Int64?
    var lastSeen: Date
  }

  var pipeline: String
  /// `running`, `paused` or `stopped`: what was asked for.
  var desiredState: String
  /// Why the lineage was halted; nil: it was not.
  var halted: String?
  var desiredWorkers: Int
  var generation: Int64?
  var step: Int64
  var consumed: Int64
  var trained: Int64
  var rejected: Int64
  var rejectedByReason: [String: Int64]
  /// Offsets that the broker removed before they were read.
  var lostByBroker: Int64
  /// What became of refused records, by the workers of now.
  var deadLetters: DeadLetters
  var recordsPerSecond: Double
  var lag: Int64?
  /// Of the lag, what waits behind open transactions.
  var behindTransactions: Int64
  var workers: [Worker]
  var checkpoint: Checkpoint?
  /// Newest first.
  var versions: [Version]
  /// Newest first.
  var decisions: [Decision]
  var health: [Layer]
  var incidents: [Incident]
  var servers: [Server]
  /// What does not work at the moment, a sentence each.
  var troubles: [String] = []
  /// Records that the newest checkpoint covers.
  var saved: Int64 = 0

  var stable: Version? { versions.first { $0.state == "stable" } }
}
