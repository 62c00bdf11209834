import Foundation
import Learning
package import Telemetry
import Vocabulary

/// What a worker counts where it happens; the rest is told from the board's facts, when somebody asks (`WorkerMetrics+Facts`).
///
/// Any thread. The step thread only adds to atomics.
package struct WorkerMetrics: Sendable {
  /// Why a group that learned together does so no more.
  enum RegroupCause: String, CaseIterable {
    /// Members wait to join.
    case asked
    /// A newer generation has taken over.
    case fenced
    /// A rank was lost, or an exchange failed.
    case peerLost = "peer_lost"
    /// A rank holds another state than the others.
    case diverged
    /// A generation could not begin.
    case unavailable
  }

  let registry: MetricsRegistry
  let pipeline: String
  package let steps: StepMeter
  private let regroups: [RegroupCause: Counter]
  let checkpointDuration: DurationHistogram
  let checkpoints: Counter
  let checkpointFailures: Counter
  /// Of the last one that was written.
  let checkpointBytes: Gauge
  /// When the newest checkpoint was written, in seconds since 1970; 0: there is none, or this worker does not write them.
  let checkpointTime = Gauge.unregistered()
  private let probes: ModelProbes

  package init(_ registry: MetricsRegistry = MetricsRegistry(), pipeline: String = "") {
    self.registry = registry
    self.pipeline = pipeline
    let labels = [MetricLabel.pipeline: pipeline]
    steps = StepMeter(registry, pipeline: pipeline)
    regroups = Dictionary(
      uniqueKeysWithValues: RegroupCause.allCases.map { cause in
        (
          cause,
          registry.counter(
            "retrain_worker_regroups_total", help: "Generations that ended for another one, by the reason.",
            labels: [.pipeline: pipeline, .reason: cause.rawValue])
        )
      })
    checkpointDuration = registry.durations(
      "retrain_worker_checkpoint_duration_seconds",
      help: "From a state's turn to the checkpoint in the tables, dead letters included.", labels: labels,
      bounds: Histogram.secondsBounds + [30, 60])
    checkpoints = registry.counter(
      "retrain_worker_checkpoints_total", help: "Checkpoints written by this worker.", labels: labels)
    checkpointFailures = registry.counter(
      "retrain_worker_checkpoint_failures_total",
      help: "Attempts to write a checkpoint that failed; it is tried again.",
      labels: labels)
    checkpointBytes = registry.gauge(
      "retrain_worker_checkpoint_bytes", help: "Model and optimizer of the checkpoint that this worker wrote last.",
      labels: labels)
    probes = ModelProbes(registry, labels)
  }

  func note(_ probe: AnswerProbe) { probes.note(probe) }

  func noteCheckpoint(bytes: Int, duration: Duration) {
    checkpoints.increment()
    checkpointBytes.set(bytes)
    checkpointDuration.observe(duration)
    checkpointTime.set(Date().timeIntervalSince1970)
  }

  func countRegroup(_ cause: RegroupCause) { regroups[cause]?.increment() }
}

/// What the step loop counts: an addition that never waits for each step, and two for each of its two times.
package struct StepMeter: Sendable {
  private let outcomes: [Counter]
  let duration: DurationHistogram
  let exchange: DurationHistogram
  let sentBytes: Counter
  let receivedBytes: Counter

  package init(_ registry: MetricsRegistry = MetricsRegistry(), pipeline: String = "") {
    let labels = [MetricLabel.pipeline: pipeline]
    outcomes = StepOutcome.allCases.map { outcome in
      registry.counter(
        "retrain_worker_steps_total", help: "Exchanges of the group, by what came of them.",
        labels: [.pipeline: pipeline, .kind: outcome.name])
    }
    duration = registry.durations(
      "retrain_worker_step_duration_seconds",
      help: "From records in hand to the state after them, of steps that were learned.", labels: labels,
      bounds: DurationHistogram.fineBounds)
    exchange = registry.durations(
      "retrain_worker_exchange_duration_seconds",
      help: "Of such a step, from this rank's share on its way out to all ranks' shares here.", labels: labels,
      bounds: DurationHistogram.fineBounds)
    sentBytes = registry.counter(
      "retrain_worker_exchange_sent_bytes_total", help: "Sent to other workers, before ciphering.", labels: labels)
    receivedBytes = registry.counter(
      "retrain_worker_exchange_received_bytes_total", help: "Received from other workers, after deciphering.",
      labels: labels)
  }

  func count(_ outcome: StepOutcome) { outcomes[outcome.rawValue].increment() }
}

extension StepOutcome {
  /// As the label of a metric.
  var name: String { String(describing: self) }
}

/// The times of the step in hand, in nanoseconds of a clock that is read without a system call. Step thread only.
struct StepClock {
  let meter: StepMeter
  private var begun: Int64 = 0
  private var sent: Int64 = 0
  private var met: Int64 = 0
  private var sentBytes: Int64 = 0
  private var receivedBytes: Int64 = 0

  init(_ meter: StepMeter) { self.meter = meter }

  /// The step's records are in hand.
  mutating func begin() { begun = Self.reading }

  /// This rank has nothing left to do but to exchange.
  mutating func send() { sent = Self.reading }

  /// All ranks' shares are here.
  mutating func meet() { met = Self.reading }

  func end(_ outcome: StepOutcome) {
    meter.count(outcome)
    guard outcome == .learned else { return }
    meter.duration.observe(nanoseconds: Self.reading &- begun)
    meter.exchange.observe(nanoseconds: met &- sent)
  }

  private static var reading: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }

  /// - Parameters: Since the links were made.
  mutating func note(sent: Int64, received: Int64) {
    meter.sentBytes.increment(by: max(0, sent - sentBytes))
    meter.receivedBytes.increment(by: max(0, received - receivedBytes))
    (sentBytes, receivedBytes) = (sent, received)
  }
}
