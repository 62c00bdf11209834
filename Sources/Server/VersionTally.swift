import Foundation
import Registry
import Synchronization
import Telemetry

/// What became of the requests that a version was asked; it outlives the version. Any thread.
final class VersionTally: Sendable {
  /// What a version computed beside another's answers.
  struct Shadow {
    /// Numbers that were held against the other's.
    var outputs: Int64 = 0
    /// How far they were away from them, added up.
    var difference = 0.0
    /// Requests that it failed at, or had no time for.
    var failures: Int64 = 0
  }

  let version: Int64
  /// Requests that it predicted for.
  let requests = Atomic<Int64>(0)
  /// Requests that fell to it by the split as the canary, and that it answered or computed beside the stable version.
  let live = Atomic<Int64>(0)
  /// Answers held back because an output was not a number.
  let nonFinite = Atomic<Int64>(0)
  /// Requests that it failed at, those among them.
  private let errors = Atomic<Int64>(0)
  /// Requests turned away because nothing was free to answer them.
  private let shed = Atomic<Int64>(0)
  /// From the whole request to its answer.
  let latency = DurationHistogram(bounds: ServerReport.latencyBounds)
  private let shadow = Mutex(Shadow())

  init(version: Int64) { self.version = version }

  /// A request was refused; one that is wrong itself says nothing of the version.
  func count(_ error: APIError) {
    if error.status == 503 {
      shed.add(1, ordering: .relaxed)
    } else if error.status >= 500 {
      errors.add(1, ordering: .relaxed)
    }
  }

  func add(_ more: Shadow) {
    shadow.withLock { shadow in
      shadow.outputs += more.outputs
      shadow.difference += more.difference
      shadow.failures += more.failures
    }
  }

  /// As it is reported.
  var outputs: ServerReport.Outputs {
    var outputs = ServerReport.Outputs(
      requests: requests.load(ordering: .relaxed), nonFinite: nonFinite.load(ordering: .relaxed))
    outputs.live = live.load(ordering: .relaxed)
    outputs.errors = errors.load(ordering: .relaxed)
    outputs.shed = shed.load(ordering: .relaxed)
    let counts = latency.cumulativeCounts
    outputs.latency = counts.indices.map { counts[$0] - ($0 > 0 ? counts[$0 - 1] : 0) }
    let shadow = shadow.withLock { $0 }
    outputs.shadowOutputs = shadow.outputs
    outputs.shadowDifference = shadow.difference
    outputs.shadowFailures = shadow.failures
    return outputs
  }
}

extension ServingState {
  /// Shows what becomes of live requests, by version, for those that are loaded.
  func tell(registry: MetricsRegistry, pipeline: String) {
    registry.collect { [weak self] samples in
      if let savedAt = self?.version?.memory?.savedAt {
        samples.gauge(
          "retrain_memory_age_seconds",
          help: "How long ago that was saved which the stable version reads of what the stream says by key.",
          labels: [.pipeline: pipeline], max(0, Date().timeIntervalSince(savedAt)))
      }
      for tally in self?.versions.all.map(\.version.tally) ?? [] {
        let labels = [MetricLabel.pipeline: pipeline, .version: String(tally.version)]
        let outputs = tally.outputs
        samples.counter(
          "retrain_server_version_requests_total", help: "Requests that a loaded version predicted for.",
          labels: labels, outputs.requests)
        samples.counter(
          "retrain_server_version_errors_total", help: "Requests that a loaded version failed at.", labels: labels,
          outputs.errors)
        samples.counter(
          "retrain_server_version_non_finite_total", help: "Its answers held back because an output was not a number.",
          labels: labels, outputs.nonFinite)
        samples.counter(
          "retrain_server_version_shed_total", help: "Requests turned away because nothing was free to answer them.",
          labels: labels, outputs.shed)
        samples.durations(
          "retrain_server_version_duration_seconds", help: "Time from the whole request to a loaded version's answer.",
          labels: labels, tally.latency)
        guard outputs.shadowOutputs > 0 || outputs.shadowFailures > 0 else { continue }
        samples.counter(
          "retrain_server_shadow_outputs_total", help: "Numbers computed beside the stable version's.",
          labels: labels, outputs.shadowOutputs)
        samples.counter(
          "retrain_server_shadow_failures_total", help: "Requests that it failed at beside the stable version.",
          labels: labels, outputs.shadowFailures)
        samples.gauge(
          "retrain_server_shadow_mean_difference", help: "How far they are away from the stable version's, on average.",
          labels: labels, outputs.meanShadowDifference)
      }
    }
  }
}
