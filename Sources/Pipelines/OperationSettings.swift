public import Vocabulary

/// When state becomes durable: `checkpoint:` of the pipeline file.
public struct CheckpointSettings: Sendable, Hashable, Codable {
  /// A checkpoint after this many steps …
  public var everySteps: Int = 2000
  /// … or this long after the last one, whichever comes first.
  public var every: Duration = .seconds(10)
  /// Checkpoints whose state is kept beside those that versions need; older ones keep their row only.
  public var keep: Int = 20

  public init() {}
}

/// What is measured in the network, and what is too much: `health:` of the pipeline file.
public struct HealthSettings: Sendable, Hashable, Codable {
  /// One row in this many goes into the histograms; 1: all.
  public var histogramEvery: Int = 8
  /// The largest share of dead units in a layer.
  public var deadShareMax: Double = 0.9
  /// The largest share of saturated activations in a layer.
  public var saturatedShareMax: Double = 0.9
  /// The largest gradient norm before clipping.
  public var gradientNormMax: Double = 1000
  /// The largest share of records that may lack a feature; 1: any.
  public var missingShareMax: Double = 0.99
  /// The largest share of records whose category may be none of the feature's known values; 1: any.
  public var unknownShareMax: Double = 0.95
  /// The largest share of records in which a feature may lie outside its clip range; 1: any.
  public var clippedShareMax: Double = 0.95
  /// The largest share of records in which a feature may lie far outside its usual range; 1: any.
  public var wildShareMax: Double = 0.1
  /// Of windows in which nothing has changed, the share of which the rules of drift may say that something has.
  public var driftFalseAlarms: Double = 1e-4
  /// What is said of single rules; a later one outweighs an earlier one.
  public var rules: [HealthRuleSettings] = []

  public init() {}
}

/// From where on a rule fails, and what is done then: an element of `health.rules`.
public struct HealthRuleSettings: Sendable, Hashable, Codable {
  public var rule: HealthRule
  /// The layer or feature that it is about; nil: all.
  public var of: String?
  public var threshold: Double?
  public var action: HealthAction?

  public init(rule: HealthRule) { self.rule = rule }
}

/// How a checkpoint becomes the stable version: `rollout:` of the pipeline file.
public struct RolloutSettings: Sendable, Hashable, Codable {
  /// Labelled records a candidate must have been tested on before it is judged.
  public var recordsMin: Int = 2000
  /// A candidate is proposed at most this often.
  public var candidateEvery: Duration = .seconds(10)
  /// How much worse, in the task's loss per record, a candidate may be than the stable version on the same records; nil: by
  /// the task, 0.005 nats for classes and `lossToleranceRelative` for values.
  public var lossTolerance: Double?
  /// The same as a share of what the best constant prediction loses (of values judged by squared error: the labels'
  /// variance); nil: as `lossTolerance` says.
  public var lossToleranceRelative: Double?
  /// Confidence of the comparison.
  public var confidence: Double = 0.99
  /// How a version comes to serve.
  public enum Lane: String, Sendable, Hashable, Codable, CaseIterable {
    /// `fast` where `fastFrom` records a second are learned and there is no canary, else `careful`.
    case auto
    /// On watch, as soon as the learner's trend lets it.
    case fast
    /// After its own pairs, and a canary's time.
    case careful
  }

  public var lane: Lane = .auto
  /// Records a second from which `auto` is fast.
  public static let fastFrom = 1000.0
  /// Share of live requests a canary serves before promotion; 0: none.
  public var canaryShare: Double = 0

  public init() {}
}

/// How predictions are answered: `serving:` of the pipeline file.
public struct ServingSettings: Sendable, Hashable, Codable {
  public var address: String = "127.0.0.1"
  /// 0: any free port.
  public var port: Int = 0
  /// Rows a request may hold.
  public var rowsMax: Int = 1024
  public var threads: Int = 1
  /// The largest body, compressed or not.
  public var bodyBytesMax: Int = 16 << 20
  /// The most connections; the quietest one makes room for another.
  public var connectionsMax: Int = 1024
  /// How long a request may take to arrive, and again its answer to leave.
  public var requestTimeout: Duration = .seconds(30)

  public init() {}
}
