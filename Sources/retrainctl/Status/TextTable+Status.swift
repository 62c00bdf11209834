import Evaluation
import Foundation
import Health
import Pipelines
import Vocabulary

extension TextTable {
  /// The activation health of layers.
  init(health layers: [PipelineStatus.Layer], palette: Palette) {
    self.init("layer", ">zeros", ">saturated", ">dead units", ">non-finite", ">gradient", ">update/weight")
    for layer in layers {
      add(
        layer.layer, Wording.percent(layer.zeroShare), Wording.percent(layer.saturatedShare),
        layer.units > 0 ? "\(layer.deadUnits) of \(layer.units)" : "–",
        layer.nonFinite == 0 ? "0" : palette.bad(Wording.count(layer.nonFinite)), Wording.measure(layer.gradientNorm),
        Wording.measure(layer.updateRatio))
    }
  }

  /// What layers took of a step, and of memory; empty where no step was timed.
  init(costs: [LayerCost]) {
    self.init(
      "layer", ">µs forward", ">backward", ">update", ">share", ">beside products", ">activations", ">steps timed")
    let whole = Double(costs.nanoseconds)
    for cost in costs where cost.steps > 0 && whole > 0 {
      func time(_ nanoseconds: Int64) -> String {
        nanoseconds == 0 ? "–" : Wording.figure(Double(nanoseconds) / Double(cost.steps) / 1000, decimals: 2)
      }
      add(
        cost.layer, time(cost.forward), time(cost.backward), time(cost.update),
        Wording.percent(Double(cost.nanoseconds) / whole),
        cost.elementwise == 0 ? "–" : Wording.percent(Double(cost.elementwise) / whole),
        cost.activationBytes == 0 ? "–" : ModelSize.text(Int(cost.activationBytes)), Wording.count(cost.steps))
    }
  }

  /// Features to whose values something happened.
  init(features: [PipelineStatus.Feature], palette: Palette) {
    self.init("feature", ">missing", ">share", ">clipped", ">unknown", ">wild", ">rejected", "path")
    for feature in features where !feature.isClean {
      add(
        feature.feature, Wording.count(feature.missing), Wording.percent(feature.missingShare),
        Wording.count(feature.clipped), Wording.count(feature.unknown), Wording.count(feature.wild),
        Wording.count(feature.rejected), feature.path)
    }
  }

  /// What was predicted, band by band, and what came true.
  init(calibration bands: [CalibrationBand]) {
    self.init("predicted", ">records", ">mean", ">observed")
    for band in bands {
      add(
        "\(Wording.percent(band.from)) – \(Wording.percent(band.to))", Wording.measure(band.records),
        Wording.percent(band.predicted), Wording.percent(band.observed))
    }
  }

  /// Heads beyond the first, by their losses.
  init(heads: [PipelineStatus.Head]) {
    self.init("head", ">records", ">loss", ">recent loss")
    for head in heads {
      add(head.head, Wording.count(head.records), Wording.compact(head.loss), Wording.compact(head.windowLoss))
    }
  }

  /// Measures over spans of records; only columns in which there is something.
  init(measures spans: [(String, PipelineStatus.Metrics)]) {
    let columns: [(title: String, value: (PipelineStatus.Metrics) -> Double?)] = [
      (">loss", \.loss), (">prior", \.priorLoss), (">AUC", \.auc), (">acc.", \.accuracy), (">macro-F1", \.macroF1),
      (">Brier", \.brier), (">ECE", \.calibrationError), (">obs/pred", \.observedToPredicted), (">RMSE", \.rmse),
      (">MAE", \.mae), (">R²", \.rSquared),
    ]
    let shown = columns.filter { column in spans.contains { column.value($0.1) != nil } }
    self.init(columns: ["over", ">records"] + shown.map(\.title))
    for (name, measures) in spans where measures.records > 0 {
      add(cells: [name, Wording.count(measures.records)] + shown.map { Wording.compact($0.value(measures)) })
    }
  }

  /// What tells most of how good a model of its kind is beside the loss, by what the spans have: title and value.
  static func quality(_ measures: [PipelineStatus.Metrics?]) -> (
    title: String, value: (PipelineStatus.Metrics?) -> String
  ) {
    let known = measures.compactMap(\.self)
    if known.contains(where: { $0.auc != nil }) { return ("AUC", { Wording.figure($0?.auc) }) }
    if known.contains(where: { $0.accuracy != nil }) { return ("accuracy", { Wording.figure($0?.accuracy) }) }
    return ("RMSE", { Wording.compact($0?.rmse) })
  }

  init(incidents: [PipelineStatus.Incident], palette: Palette, now: Date) {
    self.init(">id", "severity", "kind", "layer", "feature", "records", "when", "what")
    for incident in incidents {
      let more = incident.positions.count > 1 ? " +\(incident.positions.count - 1)" : ""
      add(
        String(incident.id), incident.severity == "error" ? palette.bad(incident.severity) : incident.severity,
        incident.kind, incident.layer ?? "–", incident.feature ?? "–", (incident.positions.first ?? "–") + more,
        Wording.ago(incident.at, now: now) + (incident.closedAt.map { ", over \(Wording.ago($0, now: now))" } ?? ""),
        incident.what)
    }
  }
}

extension Palette {
  func coloured(_ version: PipelineStatus.Version) -> String {
    version.isOnWatch ? warning("stable, on watch") : coloured(state: version.state)
  }

  private func coloured(state: String) -> String {
    switch state {
    case "stable": good(state)
    case "rejected", "rolled_back": bad(state)
    case "canary", "candidate", "validated": warning(state)
    default: state
    }
  }
}
