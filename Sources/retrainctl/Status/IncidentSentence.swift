import Foundation

extension PipelineStatus.Incident {
  /// What happened, in one sentence: as the details say it, or what they come to.
  var what: String {
    let facts = facts
    if let told = facts["what"] ?? facts["reason"] { return told }
    let records = facts["records"].flatMap { Int64($0) }.map { Wording.count($0) } ?? "some"
    switch kind {
    case "non_finite" where positions.isEmpty:
      return "the update overflowed, and no record of the step is to blame: none of them was learned"
    case "non_finite":
      return "the record made numbers non-finite\(layer.map { ", first in \($0)" } ?? ""): it was not learned"
    case "records_lost":
      let count = facts["offsets"].flatMap { Int64($0) }.map { Wording.count($0) } ?? "some"
      return "\(facts["lost_by"] ?? "the broker") removed \(count) offsets unread; read on at "
        + (facts["next"] ?? "the next one there")
    case "dead_letters_lost":
      return "\(records) records did not get into \(facts["topic"] ?? "the dead-letter topic")"
        + (facts["cause"].map { ": \($0)" } ?? "")
    case "pipeline_edited": return "edited: " + Self.list(facts)
    case "lineage_begun":
      return "the model began anew" + (facts.count > 1 ? "; edited: \(Self.list(facts))" : ", under the same file")
    default: return kind.replacing("_", with: " ")
    }
  }

  /// The settings that such an incident is about, as many as a line bears; of one alone, what became of it.
  private static func list(_ facts: [String: String]) -> String {
    let settings = facts.keys.filter { $0 != "checkpoint" }.sorted()
    if settings.count == 1 { return facts[settings[0]] ?? settings[0] }
    let more = settings.count > 3 ? " and \(settings.count - 3) more" : ""
    return settings.prefix(3).joined(separator: ", ") + more
  }

  /// How many records it is about; nil: it does not say.
  var records: Int64? { facts["records"].flatMap { Int64($0) } }

  private var facts: [String: String] {
    details.flatMap { try? JSONDecoder().decode([String: String].self, from: Data($0.utf8)) } ?? [:]
  }
}
