import Learning
import Synchronization
import Telemetry

/// What probes of the models in checkpoints said last, told whenever somebody asks; nothing before the first. Any thread.
final class ModelProbes: Sendable {
  private let sum = Mutex(AnswerProbe())

  init(_ registry: MetricsRegistry, _ labels: [MetricLabel: String]) {
    registry.collect { [weak self] samples in
      guard let sum = self?.sum.withLock({ $0 }), sum.records > 0 else { return }
      samples.gauge(
        "retrain_model_probed_records", help: "Records of the newest checkpoints that were answered once more.",
        labels: labels, sum.records)
      samples.gauge(
        "retrain_model_flipped_answers_ratio",
        help:
          "Of these, whose answer is another where each number moves by a tenth of its standard deviation, up or down by chance.",
        labels: labels, sum.flippedShare)
      samples.gauge(
        "retrain_model_int8_loss_rise_ratio",
        help: "By how much of itself their loss would be larger with weights in eight bits.", labels: labels,
        sum.byteLossRise)
    }
  }

  func note(_ probe: AnswerProbe) { sum.withLock { $0.add(probe) } }
}
