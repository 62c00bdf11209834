import Foundation
import Health
import Registry
import Vocabulary

/// What a rule of health saw when it failed: the layers of its window, and what the rule says of them.
struct RuleReproduction: Encodable {
  var incident: Int64
  var pipeline: String
  var kind: String
  var checkpoint: Int64
  var step: Int64
  /// Whether the checkpoint's parameters are kept too.
  var hasState: Bool
  var layers: [PipelineStatus.Layer]
  /// Of the rule alone, as the pipeline sets it now.
  var findings: [HealthFinding]

  /// nil: it is no incident of a rule.
  init?(_ incident: IncidentRecord, of pipeline: PipelineRecord, in registry: Registry) async throws {
    guard let rule = HealthRule(rawValue: incident.kind),
      let number = incident.facts["checkpoint"].flatMap({ Int64($0) })
    else { return nil }
    guard let chosen = try await registry.checkpoint(number), chosen.pipeline == pipeline.id else {
      throw CommandFailure(
        .unavailable, "checkpoint \(number), of which incident \(incident.id) tells, is not there any more")
    }
    let (window, _, findings) = try await registry.examination(of: chosen, pipeline)
    self.incident = incident.id
    (self.pipeline, kind) = (pipeline.name, incident.kind)
    (checkpoint, step, hasState) = (chosen.id, chosen.step, chosen.hasState)
    self.layers = window.layers.map(PipelineStatus.Layer.init)
    self.findings = findings.filter { $0.rule == rule.rawValue }
  }

  private func failing(_ layer: String) -> Bool {
    findings.contains { $0.verdict == .fail && $0.layer == layer && $0.feature == nil }
  }

  func lines(palette: Palette) -> [String] {
    let failed = findings.filter { $0.verdict == .fail }
    var lines = [
      "state    checkpoint \(checkpoint), of step \(Wording.count(step)), whose window the rule looked at"
        + (hasState ? "" : "; its parameters were pruned, what was counted in its window is kept"),
      "result   "
        + (failed.isEmpty
          ? "the rule \(kind) passes that window as the pipeline sets it now"
          : palette.bad("reproduced: " + failed.map(\.sentence).joined(separator: "; "))),
      "",
    ]
    let table = TextTable(health: layers, palette: palette).lines(palette: palette, indent: 0)
    for (place, line) in table.enumerated() {
      let isFailing = place > 0 && failing(layers[place - 1].layer)
      lines.append((isFailing ? palette.bad("fails →") : "       ") + "  " + line)
    }
    lines.append("")
    var observed = TextTable("rule", "layer or feature", ">observed", ">threshold", "verdict")
    for finding in findings {
      observed.add(
        finding.rule, finding.feature ?? finding.layer, Wording.measure(finding.observed),
        Wording.measure(finding.threshold),
        finding.verdict == .fail ? palette.bad(finding.verdict.rawValue) : finding.verdict.rawValue)
    }
    return lines + (observed.isEmpty ? [] : observed.lines(palette: palette, indent: 0))
  }
}
