import Foundation
import Registry
import Vocabulary

/// An incident as one tells it: what happened and where, what the service did by itself, whether it goes on, what to do.
struct IncidentStory {
  let incident: IncidentRecord
  let pipeline: String

  private var isRule: Bool { HealthRule(rawValue: incident.kind) != nil && incident.facts["checkpoint"] != nil }

  private var meaning: IncidentMeaning {
    IncidentMeaning(
      kind: incident.kind, hasRecord: !incident.positions.isEmpty,
      actions: isRule ? incident.actions : nil)
  }

  /// Whether `incident reproduce` has something to show.
  private var isReproducible: Bool { isRule || incident.kind == "non_finite" && incident.step != nil }

  func sentences(now: Date = Date()) -> [String] {
    var lines = [happened(now)]
    lines.append(meaning.done)
    lines.append(ending(now))
    let runbook = IncidentKind.runbook(incident.kind, isLasting: incident.isTrouble)
    lines.append("To do: " + meaning.todo + " The runbook is deploy/runbooks/\(runbook).md.")
    if isReproducible {
      lines.append("'retrainctl incident reproduce \(incident.id)' shows it happen again, layer by layer.")
    }
    return lines
  }

  private func happened(_ now: Date) -> String {
    var place = "\(Wording.ago(incident.openedAt, now: now)), in '\(pipeline)'"
    if let step = incident.step {
      place += isRule ? ", at step \(Wording.count(step))" : ", in the step after \(Wording.count(step))"
    }
    if let worker = incident.facts["worker"] { place += ", on worker \(worker)" }
    place = place.prefix(1).uppercased() + place.dropFirst()
    guard incident.kind == "non_finite", let first = incident.positions.first else {
      return "\(place): \(PipelineStatus.Incident(incident).what)\(named)."
    }
    var sentence = "\(place): the record at offset \(first.offset) of partition \(first.partition) of \(first.topic)"
    if incident.positions.count > 1 {
      sentence += " and \(Wording.count(Int64(incident.positions.count - 1), "other"))"
    }
    sentence += " made numbers non-finite" + (incident.layer.map { ", first in the layer \($0)" } ?? "")
    sentence += incident.feature.map { "; without its value of \($0) all would have been finite" } ?? ""
    return sentence + "."
  }

  /// What the sentence of the incident need not say itself.
  private var named: String {
    let what = PipelineStatus.Incident(incident).what
    var parts: [String] = []
    if let layer = incident.layer, !what.contains(layer) { parts.append("layer \(layer)") }
    if let feature = incident.feature, !what.contains(feature) { parts.append("feature \(feature)") }
    if let first = incident.positions.first { parts.append("from \(first) on") }
    return parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
  }

  private func ending(_ now: Date) -> String {
    if let closed = incident.closedAt { return "It was over \(Wording.ago(closed, now: now))." }
    return incident.isTrouble ? "It goes on." : "It was over as soon as it had happened."
  }
}
