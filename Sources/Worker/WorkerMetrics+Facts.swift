import Evaluation
import Foundation
import Health
package import Ingest
import Telemetry
import Vocabulary

// What is told from the facts of the moment. None of it is kept, so that what is gone is not shown any more.
extension WorkerMetrics {
  /// Has the board looked at whenever somebody asks for the metrics; the step thread does nothing for it.
  package func follow(_ board: ControlBoard, fields: [DeclaredField]) {
    registry.collect { [self] samples in
      let facts = board.currentFacts
      tellGroup(facts, &samples)
      tellRecords(facts, fields, &samples)
      tellModel(facts, &samples)
      for layer in facts.health { tell(layer, &samples) }
      for cost in facts.costs { tell(cost, &samples) }
      let saved = checkpointTime.value
      if facts.rank == Rank(0), saved > 0 {
        samples.gauge(
          "retrain_checkpoint_age_seconds", help: "Since the newest checkpoint was written.", labels: own(),
          max(0, Date().timeIntervalSince1970 - saved))
      }
    }
  }

  /// Has the dead letters of this worker told too.
  func follow(_ deadLetters: DeadLetters) {
    registry.collect { [self] samples in
      let counts = deadLetters.counts
      for (kind, count) in [("delivered", counts.delivered), ("cut", counts.cut), ("lost", counts.lost)] {
        samples.counter(
          "retrain_worker_dead_letters_total",
          help: "Letters of this worker; those that were cut to fit are among the delivered.",
          labels: own([.kind: kind]), count)
      }
      samples.gauge(
        "retrain_worker_dead_letters_waiting", help: "Letters that the dead-letter topic has not taken yet.",
        labels: own(), counts.waiting)
    }
  }

  private func own(_ labels: [MetricLabel: String] = [:]) -> [MetricLabel: String] {
    labels.merging([.pipeline: pipeline]) { own, _ in own }
  }

  private func tellGroup(_ facts: ControlBoard.Facts, _ samples: inout MetricSamples) {
    let labels = own()
    samples.gauge(
      "retrain_worker_state", help: "1: what the worker does.", labels: own([.state: facts.phase]), 1)
    samples.gauge(
      "retrain_worker_rank", help: "Its place in the generation; not there before the first.", labels: labels,
      facts.rank?.rawValue)
    samples.gauge(
      "retrain_worker_generation", help: "The generation that it is in, or was in last.", labels: labels,
      facts.generation?.rawValue)
    samples.gauge(
      "retrain_worker_world_size", help: "Workers of that generation.", labels: labels,
      facts.generation == nil ? nil : facts.worldSize)
    samples.gauge(
      "retrain_worker_step", help: "Steps of the lineage in the state that it holds.", labels: labels,
      facts.generation == nil ? nil : facts.step)
    samples.gauge(
      "retrain_worker_troubles", help: "What does not work at the moment; 'retrainctl status' says what.",
      labels: labels, facts.troubles)
    for lag in facts.lag {
      samples.gauge(
        "retrain_worker_lag_records", help: "Records of its partitions that it has not learned yet.",
        labels: own([.partition: String(lag.partition)]), lag.records)
      samples.gauge(
        "retrain_worker_lag_seconds",
        help: "How long the next record has waited; not there where it came before the worker looked.",
        labels: own([.partition: String(lag.partition)]), lag.waiting?.seconds)
    }
  }

  private func tellRecords(
    _ facts: ControlBoard.Facts, _ fields: [DeclaredField], _ samples: inout MetricSamples
  ) {
    let growth = facts.growth
    samples.counter(
      "retrain_trained_records_total", help: "Learned by the whole group while this worker was part of it.",
      labels: own(), growth.trained)
    for reason in RejectReason.allCases {
      samples.counter(
        "retrain_rejected_records_total", help: "Not learned by the whole group, by the reason.",
        labels: own([.reason: reason.rawValue]), growth.rejected[reason.index])
    }
    samples.counter(
      "retrain_kept_records_total", help: "Records of the whole group whose features were looked at.", labels: own(),
      growth.kept)
    for (place, field) in fields.enumerated() where field.isFeature {
      for notice in [FieldNotice.missing, .clipped, .unknown, .wild] {
        samples.counter(
          "retrain_feature_records_total", help: "Kept records of the whole group in which a feature was so.",
          labels: own([.feature: field.name, .kind: notice.name]),
          growth.fields[FieldCode(field: place, notice)] ?? 0)
      }
    }
  }

  private func tellModel(_ facts: ControlBoard.Facts, _ samples: inout MetricSamples) {
    for (span, measures) in [("lineage", facts.measures), ("window", facts.window)] {
      guard let measures else { continue }
      let labels = own([.kind: span])
      samples.gauge(
        "retrain_model_measured_records",
        help: "Labelled records, predicted before they were learned: of the lineage, and since the last checkpoint.",
        labels: labels, measures.records)
      samples.gauge(
        "retrain_model_loss", help: "A record, in the unit of the task's loss, test then train.", labels: labels,
        measures.loss)
      samples.gauge(
        "retrain_model_prior_loss", help: "What the best constant answer would lose on the same records.",
        labels: labels, measures.priorLoss)
      samples.gauge("retrain_model_auc", help: "Of a binary task.", labels: labels, measures.auc)
      samples.gauge(
        "retrain_model_accuracy_ratio", help: "Of a task of classes.", labels: labels, measures.accuracy)
      samples.gauge(
        "retrain_model_calibration_error_ratio", help: "Expected calibration error of a binary task.",
        labels: labels, measures.calibrationError)
      samples.gauge(
        "retrain_model_rmse", help: "Of a task of values, in the label's unit.", labels: labels, measures.rmse)
    }
  }

  /// Measures M1 to M4 and M7 of a layer over the last window, of all ranks.
  private func tell(_ health: LayerHealth, _ samples: inout MetricSamples) {
    let (labels, sketch) = (own([.layer: health.layer]), health.sketch)
    func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
    samples.gauge(
      "retrain_layer_gradient_norm", help: "Root mean square over the window's steps, before clipping.",
      labels: labels, finite(health.gradientNorm))
    samples.gauge(
      "retrain_layer_update_ratio", help: "Mean size of an update beside that of the parameters.", labels: labels,
      finite(health.updateRatio))
    guard sketch.count > 0 else { return }
    samples.gauge(
      "retrain_layer_non_finite_elements", help: "NaN and infinite outputs in the window.", labels: labels,
      sketch.nonFinite)
    samples.gauge(
      "retrain_layer_zero_ratio", help: "Outputs that are zero.", labels: labels, finite(sketch.zeroFraction))
    samples.gauge(
      "retrain_layer_saturated_ratio", help: "Outputs where the activation is flat.", labels: labels,
      finite(sketch.saturatedFraction))
    samples.gauge(
      "retrain_layer_output_mean", help: "Of the layer's finite outputs.", labels: labels, finite(sketch.mean))
    samples.gauge(
      "retrain_layer_output_deviation", help: "Standard deviation of the layer's finite outputs.", labels: labels,
      finite(sketch.standardDeviation))
    guard !sketch.unitActivity.isEmpty else { return }
    samples.gauge("retrain_layer_units", help: "Units of the layer.", labels: labels, sketch.unitActivity.count)
    samples.gauge(
      "retrain_layer_dead_units", help: "Units that were zero in every record of the window.", labels: labels,
      sketch.deadUnits)
  }

  /// Measures F8 and M9 of a layer, of this worker.
  private func tell(_ cost: LayerCost, _ samples: inout MetricSamples) {
    // As in `all layers`: a label without spaces is easier to ask for.
    let layer = cost.layer.replacing(" ", with: "_")
    let labels = own([.layer: layer])
    samples.counter(
      "retrain_layer_timed_steps_total", help: "Steps of this worker that were timed: one of 64.", labels: labels,
      cost.steps)
    for pass in LayerCost.Pass.allCases {
      samples.counter(
        "retrain_layer_seconds_total", help: "Of the timed steps, in this worker's learning thread.",
        labels: own([.layer: layer, .pass: pass.rawValue]), nanoseconds: cost.nanoseconds(pass))
    }
    samples.counter(
      "retrain_layer_elementwise_seconds_total",
      help: "What of forward and backward is done beside products: activation, normalization, dropout.", labels: labels,
      nanoseconds: cost.elementwise)
    guard cost.activationBytes > 0 else { return }
    samples.gauge(
      "retrain_layer_activation_bytes", help: "Values and gradients of the layer, for the largest step.",
      labels: labels, cost.activationBytes)
  }
}
