import Foundation

/// What happened, in one sentence: as an incident's details say it, or what they come to.
public struct IncidentSentence: Sendable, Hashable {
  private let kind: String
  private let namesRecords: Bool
  private let layer: String?
  private let facts: [String: String]

  /// - Parameters:
  ///   - namesRecords: Whether the incident names records.
  ///   - details: JSON text; nil: nothing is known beside.
  public init(kind: String, namesRecords: Bool, layer: String?, details: String?) {
    self.kind = kind
    self.namesRecords = namesRecords
    self.layer = layer
    facts = details.map(IncidentDraft.facts) ?? [:]
  }

  /// How many records it is about; nil: it does not say.
  public var records: Int64? { facts["records"].flatMap { Int64($0) } }

  /// - Parameter count: A number as people read it.
  public func text(count: (Int64) -> String = { String($0) }) -> String {
    if let told = facts["what"] ?? facts["reason"] { return told }
    let records = records.map(count) ?? "some"
    switch kind {
    case "non_finite" where !namesRecords:
      return "the update overflowed, and no record of the step is to blame: none of them was learned"
    case "non_finite":
      return "the record made numbers non-finite\(layer.map { ", first in \($0)" } ?? ""): it was not learned"
    case "records_lost":
      let offsets = facts["offsets"].flatMap { Int64($0) }.map(count) ?? "some"
      return "\(facts["lost_by"] ?? "the broker") removed \(offsets) offsets unread; read on at "
        + (facts["next"] ?? "the next one there")
    case "dead_letters_lost":
      return "\(records) records did not get into \(facts["topic"] ?? "the dead-letter topic")"
        + (facts["cause"].map { ": \($0)" } ?? "")
    case "pipeline_edited": return "edited: " + settings
    case "lineage_begun":
      return "the model began anew" + (facts.count > 1 ? "; edited: \(settings)" : ", under the same file")
    default: return kind.replacing("_", with: " ")
    }
  }

  /// The settings that such an incident is about, as many as a line bears; of one alone, what became of it.
  private var settings: String {
    let settings = facts.keys.filter { $0 != "checkpoint" }.sorted()
    if settings.count == 1 { return facts[settings[0]] ?? settings[0] }
    let more = settings.count > 3 ? " and \(settings.count - 3) more" : ""
    return settings.prefix(3).joined(separator: ", ") + more
  }
}

extension IncidentRecord {
  public var sentence: IncidentSentence {
    IncidentSentence(kind: kind, namesRecords: !positions.isEmpty, layer: layer, details: details)
  }
}
