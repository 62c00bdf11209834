package import Telemetry

/// What the server counts, under names that stay.
package struct ServerMetrics: Sendable {
  static let statuses = [200, 400, 401, 403, 404, 405, 408, 413, 415, 417, 431, 500, 501, 503]

  let registry: MetricsRegistry
  private let requests: [Int: Counter]
  let evictions: Counter
  let duration: Histogram
  let rows: Counter
  let nonFinite: Counter
  let version: Gauge
  let canary: Gauge
  let loaded: Gauge
  let swaps: Counter
  let registryFailures: Counter
  let certificateEnd: Gauge

  package init(_ registry: MetricsRegistry, pipeline: String) {
    self.registry = registry
    let labels = [MetricLabel.pipeline: pipeline]
    requests = Dictionary(
      uniqueKeysWithValues: Self.statuses.map { status in
        (
          status,
          registry.counter(
            "retrain_server_requests_total", help: "Requests answered, by HTTP status.",
            labels: [.pipeline: pipeline, .code: String(status)])
        )
      })
    evictions = registry.counter(
      "retrain_server_evicted_connections_total", help: "Quiet connections ended to make room for others.",
      labels: labels)
    duration = registry.histogram(
      "retrain_server_infer_duration_seconds", help: "Time from the whole request to its answer, predictions only.",
      labels: labels, bounds: [0.00005, 0.0001, 0.00025] + Histogram.secondsBounds)
    rows = registry.counter("retrain_server_rows_total", help: "Rows predicted.", labels: labels)
    nonFinite = registry.counter(
      "retrain_server_non_finite_outputs_total", help: "Answers held back because an output was not a number.",
      labels: labels)
    version = registry.gauge(
      "retrain_server_model_version", help: "The version that answers as the stable one; 0: none.", labels: labels)
    canary = registry.gauge(
      "retrain_server_canary_version", help: "The canary that is loaded; 0: none.", labels: labels)
    loaded = registry.gauge(
      "retrain_server_loaded_versions", help: "Versions in memory that can answer.", labels: labels)
    swaps = registry.counter("retrain_server_swaps_total", help: "Versions put in place.", labels: labels)
    registryFailures = registry.counter(
      "retrain_server_registry_failures_total", help: "Looks at the registry that failed.", labels: labels)
    certificateEnd = registry.gauge(
      "retrain_server_certificate_not_after_seconds",
      help: "When the certificate ends, in Unix time; 0: the server has none.", labels: labels)
  }

  func count(status: Int) { requests[status]?.increment() }
}
