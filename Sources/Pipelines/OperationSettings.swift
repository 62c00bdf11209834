public import Vocabulary

/// When state becomes durable: `checkpoint:` of the pipeline file.
public struct CheckpointSettings: Sendable, Hashable, Codable {
  /// A checkpoint after this many steps …
  public var everySteps: Int = 2000
  /// Where steps are of one record, and the file does not say: then time does.
  static let recipeSteps = 100_000
  /// … or this long after the last one, whichever comes first.
  public var every: Duration = .seconds(10)
  /// Checkpoints whose state is kept beside those that versions need; older ones keep their row only.
  public var keep: Int = 20
  /// Beside those, states of the first checkpoint of each of so many hours, and of so many days: where replays begin. Ledgers are
  /// kept for as many days, two at least.
  public var keepHourly: Int = 24
  public var keepDaily: Int = 7

  /// How long ledgers are kept.
  public var ledgerDays: Int { max(2, keepDaily) }

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
  /// Features by whose values versions are compared too, each value by itself.
  public var slices: [String] = []
  /// How much worse in one slice, in the task's loss a record; nil: four times what is tolerated over all records.
  public var sliceTolerance: Double?
  /// Fields that versions are compared by, at most.
  public static let slicesMax = 4
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
  /// The one share of live requests that a canary serves before promotion; 0: there is no canary; nil: `canary` says.
  public var canaryShare: Double?
  /// Shares of live requests that a canary serves, one after the other; none: there is no canary.
  public var canary: [Double] = []
  public var canaryMode: CanaryMode = .live

  /// What a canary does with its share of the requests.
  public enum CanaryMode: String, Sendable, Hashable, Codable, CaseIterable {
    /// It answers them.
    case live
    /// It computes beside the stable version, which answers; how far they are apart is counted.
    case shadow
  }

  /// The least time at each of them.
  public var hold: Duration = .seconds(60)
  /// Live requests that a canary answers itself at each of them, where there is a server.
  public var canaryRequestsMin: Int = 100
  /// How much more of them it may fail at than the stable version, as a share.
  public var canaryFailureTolerance: Double = 0.001
  /// How much longer its answers may take, as a share of that one's.
  public var canaryLatencyTolerance: Double = 0.5
  /// How long a candidate or canary may be undecided; nil: as long as it takes.
  public var durationMax: Duration?

  /// What becomes of a version that nothing can be said of.
  public enum Inconclusive: String, Sendable, Hashable, Codable, CaseIterable {
    case retire, hold
  }

  public var onInconclusive: Inconclusive = .retire
  /// What live requests say of a version counts for it from so long after it got them.
  public var warmUp: Duration = .zero
  /// Whether training goes back to before the harm when the version that serves was rolled back.
  public enum Rewind: String, Sendable, Hashable, Codable, CaseIterable {
    case never, ask, auto
  }

  public var rewind: Rewind = .never
  /// Nothing is promoted for so long after a rollback.
  public var coolDown: Duration = .zero

  /// How well live requests are to be answered; nil: nobody said.
  public var slo: ObjectiveSettings?

  /// What a canary goes through.
  public var effectiveCanary: [Double] { canary.isEmpty ? [canaryShare ?? 0].filter { $0 > 0 } : canary }

  public init() {}
}

/// How well live requests are to be answered, over 30 days: `rollout.slo`.
public struct ObjectiveSettings: Sendable, Hashable, Codable {
  /// The share that is answered without an error of ours.
  public var availability: Double?
  public var latency: LatencySettings?
  /// In a window with fewer requests nothing is said.
  public var eventsMin: Int = 1000
  /// Of all windows' lengths.
  public var scale: Double = 1

  public init() {}
}

/// How quickly: `rollout.slo.latency`.
public struct LatencySettings: Sendable, Hashable, Codable {
  /// The share that is answered in time.
  public var percentile: Double = 0.99
  public var under: Duration = .milliseconds(50)

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
  /// How long a request may take, from its head until its answer has left.
  public var requestTimeout: Duration = .seconds(30)
  /// How long a request that takes its time may wait for its turn.
  public var queueTimeout: Duration = .seconds(5)
  /// nil: plain HTTP.
  public var tls: ServingCertificate?
  /// Who may ask what; empty: whoever reaches the server may ask everything.
  public var tokens: [ServingToken] = []
  /// Whether it may be reached from other machines without TLS or tokens.
  public var isOpen = false

  public init() {}
}
