import Evaluation
import Foundation
import Health
import Registry
import Rollouts
import Synchronization
import Telemetry
import Vocabulary

/// What a controller counts, and what it last saw in the tables. Any thread.
package final class ControllerMetrics: Sendable {
  /// What is told of a pipeline, as it was at one moment.
  struct Picture: Sendable {
    var record: PipelineRecord?
    var liveWorkers = 0
    /// Those in play.
    var versions: [VersionRecord] = []
    /// Of all.
    var counts: [VersionState: Int] = [:]
    var tallies = PipelineTallies()
    var receivers: [AlertReceiverRecord] = []
    /// After how much the lineage that learns now had a version as good as what served; nil: it has not had one yet.
    var convergence: (steps: Int64, records: Int64)?
    /// When the newest checkpoint was written; nil: there is none.
    var checkpointAt: Date?
    /// Runs beside that are over, and how soon the newest was as good as what served.
    var retrains = RetrainTally()
    var recovery: RetrainRecovery?
    /// The newest version that nobody has decided about, and what is known of it; nil: there is none.
    var candidate: (number: Int64, evidence: CandidateEvidence)?
  }

  /// Told before there is one too: a rise from nothing is seen by nobody, one from zero is.
  private static let usualIncidents: Set = ["non_finite", "diverging"]

  private let registry: MetricsRegistry
  private let pipeline: String
  let passes: DurationHistogram
  let failures: Counter
  let lease: Gauge
  private let picture = Mutex(Picture())
  private let policy: RolloutPolicy

  init(_ registry: MetricsRegistry, pipeline: String, policy: RolloutPolicy) {
    self.registry = registry
    self.pipeline = pipeline
    self.policy = policy
    let labels = [MetricLabel.pipeline: pipeline]
    passes = registry.durations(
      "retrain_controller_pass_duration_seconds", help: "One look at everything, with what was decided.",
      labels: labels)
    failures = registry.counter(
      "retrain_controller_pass_failures_total", help: "Looks that failed: decisions wait for the next one.",
      labels: labels)
    lease = registry.gauge(
      "retrain_controller_lease_held", help: "1: this is the controller that decides.", labels: labels)
    registry.collect { [weak self] samples in
      guard let self else { return }
      let picture = self.picture.withLock { $0 }
      self.tell(picture, &samples)
    }
  }

  /// - Parameter look: Of now; a candidate stays until somebody says otherwise.
  func note(_ look: Picture) {
    picture.withLock { picture in
      let candidate = picture.candidate
      picture = look
      let isUndecided = look.versions.contains { $0.number == candidate?.number && $0.state.isUndecided }
      picture.candidate = isUndecided ? candidate : nil
    }
  }

  /// Of the versions that were looked at in a pass, the newest that is not decided about.
  func note(_ evidence: [Int64: CandidateEvidence], of versions: [VersionRecord]) {
    let newest = versions.filter(\.state.isUndecided).max { $0.number < $1.number }
    picture.withLock { picture in
      picture.candidate = newest.flatMap { version in evidence[version.number].map { (version.number, $0) } }
    }
  }

  private func own(_ labels: [MetricLabel: String] = [:]) -> [MetricLabel: String] {
    labels.merging([.pipeline: pipeline]) { own, _ in own }
  }

  private func tell(_ picture: Picture, _ samples: inout MetricSamples) {
    guard let record = picture.record else { return }
    let now = Date()
    for state in DesiredState.allCases {
      samples.gauge(
        "retrain_desired_state", help: "1: what people want of the pipeline.", labels: own([.state: state.rawValue]),
        record.desiredState == state ? 1 : 0)
    }
    samples.gauge(
      "retrain_halted", help: "1: the lineage was halted, and nothing is learned.", labels: own(),
      record.halted == nil ? 0 : 1)
    samples.gauge(
      "retrain_desired_workers", help: "Workers that the pipeline is to have.", labels: own(), record.desiredWorkers)
    samples.gauge(
      "retrain_live_workers", help: "Workers that the tables have heard of lately.", labels: own(),
      picture.liveWorkers)
    samples.gauge(
      "retrain_checkpoint_age_seconds", help: "Since the newest checkpoint was written.", labels: own(),
      picture.checkpointAt.map { max(0, now.timeIntervalSince($0)) })
    tell(picture.tallies, &samples)
    tell(picture.receivers, now, &samples)
    samples.gauge(
      "retrain_convergence_steps",
      help:
        "Steps after which the lineage that learns now had a version that became stable; no value: it has had none.",
      labels: own(), picture.convergence?.steps)
    samples.gauge(
      "retrain_convergence_records", help: "The same in labelled records.", labels: own(), picture.convergence?.records)
    for state in VersionState.allCases {
      samples.gauge(
        "retrain_versions", help: "Versions by their state.", labels: own([.state: state.rawValue]),
        picture.counts[state] ?? 0)
    }
    let stable = picture.versions.first { $0.state == .stable }
    samples.gauge("retrain_stable_version", help: "Its number; 0: there is none.", labels: own(), stable?.number ?? 0)
    samples.gauge(
      "retrain_stable_version_age_seconds", help: "Since the stable version became that.", labels: own(),
      stable.map { max(0, now.timeIntervalSince($0.since)) })
    tell(picture.retrains, picture.recovery, &samples)
    if let (number, evidence) = picture.candidate {
      let anchor = Rollout.anchor(among: picture.versions.map(\.facts))
      tell(evidence, of: number, anchor: anchor?.number, &samples)
    }
  }

  private func tell(_ retrains: RetrainTally, _ recovery: RetrainRecovery?, _ samples: inout MetricSamples) {
    for (state, count) in [
      ("promoted", retrains.promoted), ("refused", retrains.refused), ("undecided", retrains.undecided),
      ("failed", retrains.failed), ("stopped", retrains.stopped),
    ] {
      samples.gauge(
        "retrain_retrainings", help: "Runs beside that are over, by what became of their version.",
        labels: own([.state: state]), count)
    }
    samples.gauge(
      "retrain_retraining_success_ratio",
      help: "Of runs beside that were decided or failed, those whose version served.",
      labels: own(), retrains.successShare)
    samples.gauge(
      "retrain_retraining_steps_to_stable_loss",
      help: "Steps after which the newest run beside lost no more than the version that served when it began.",
      labels: own(), recovery?.steps.map(Double.init))
  }

  private func tell(_ receivers: [AlertReceiverRecord], _ now: Date, _ samples: inout MetricSamples) {
    let longest = receivers.compactMap(\.failingSince).min()
    samples.gauge(
      "retrain_alerts_failing_seconds",
      help: "Since a receiver of alerts last took no message, time after time; 0: all take them, or there is none.",
      labels: own(), longest.map { max(0, now.timeIntervalSince($0)) } ?? 0)
    for receiver in receivers {
      let labels = own([.receiver: receiver.receiver])
      samples.gauge(
        "retrain_alert_receiver_failing_seconds",
        help: "Since it last took no message, time after time; 0: it takes them.",
        labels: labels, receiver.failingSince.map { max(0, now.timeIntervalSince($0)) } ?? 0)
      samples.gauge(
        "retrain_alert_receiver_failed_attempts", help: "Attempts in a row that it did not take.", labels: labels,
        receiver.failures)
      samples.gauge(
        "retrain_alert_receiver_waiting_incidents", help: "Incidents that it could not be told of so far.",
        labels: labels,
        receiver.waiting ?? 0)
    }
  }

  /// What a receiver of alerts took, and what it did not.
  func deliveries(to receiver: String) -> (taken: Counter, failed: Counter) {
    func counter(_ kind: String) -> Counter {
      registry.counter(
        "retrain_alert_deliveries_total", help: "Messages to receivers of alerts, by what became of them.",
        labels: own([.receiver: receiver, .kind: kind]))
    }
    return (counter("taken"), counter("failed"))
  }

  private func tell(_ tallies: PipelineTallies, _ samples: inout MetricSamples) {
    for rule in RolloutRule.allCases {
      samples.counter(
        "retrain_decisions_total", help: "Transitions of versions, by the rule that decided.",
        labels: own([.rule: rule.rawValue]), tallies.decisions[rule.rawValue] ?? 0)
    }
    for kind in Self.usualIncidents.union(tallies.incidents.keys) {
      samples.counter(
        "retrain_incidents_total", help: "Incidents of the pipeline.", labels: own([.kind: kind]),
        tallies.incidents[kind] ?? 0)
      samples.gauge(
        "retrain_open_incidents", help: "Incidents that are not over.", labels: own([.kind: kind]),
        tallies.openIncidents[kind] ?? 0)
    }
  }

  /// The numbers that the verdict on a candidate rests on.
  private func tell(
    _ evidence: CandidateEvidence, of number: Int64, anchor: Int64?, _ samples: inout MetricSamples
  ) {
    let labels = own([.version: String(number)])
    func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
    let judgement = Rollout.judge(evidence, anchor: anchor, policy: policy)
    for verdict in Verdict.allCases {
      samples.gauge(
        "retrain_candidate_verdict", help: "1: what the newest undecided version is found to be.",
        labels: labels.merging([.kind: verdict.rawValue]) { own, _ in own }, judgement.verdict == verdict ? 1 : 0)
    }
    samples.gauge(
      "retrain_candidate_records", help: "Labelled records that it was tested on.", labels: labels, evidence.records)
    samples.gauge(
      "retrain_candidate_loss", help: "Its loss a record.", labels: labels, finite(evidence.meanLoss))
    samples.gauge(
      "retrain_candidate_non_finite_outputs", help: "Outputs that were NaN or infinite.", labels: labels,
      evidence.nonFiniteOutputs)
    samples.gauge(
      "retrain_candidate_failed_rules", help: "Health rules that it fails.", labels: labels,
      evidence.findings.count { $0.verdict == .fail })
    guard let anchor, let comparison = evidence.pairs(with: anchor) else { return }
    let bounds = Rollout.lossComparison(evidence, comparison, policy: policy)
    samples.gauge(
      "retrain_candidate_pairs",
      help: "Records that its weights and those of the version confirmed last both predicted.", labels: labels,
      comparison.count)
    samples.gauge(
      "retrain_candidate_loss_difference",
      help: "Its loss less that of the version confirmed last, on the same records.",
      labels: labels, finite(comparison.mean))
    samples.gauge(
      "retrain_candidate_loss_difference_lower", help: "The lower bound of it that holds at every look.",
      labels: labels, finite(bounds.lower))
    samples.gauge(
      "retrain_candidate_loss_difference_upper", help: "The upper bound of it that holds at every look.",
      labels: labels, finite(bounds.upper))
    samples.gauge(
      "retrain_candidate_loss_tolerance", help: "How much worse it may be.", labels: labels,
      finite(bounds.margin))
  }
}
