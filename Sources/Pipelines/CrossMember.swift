/// One of the things whose values a cross combines: a feature, or a part of a time.
public struct CrossMember: Sendable, Hashable {
  /// The place of the feature in the schema.
  public let feature: Int
  /// The place among the parts of a time; nil: it is the feature's own value.
  public let part: Int?
}

extension FeatureSchema {
  /// What a cross may combine, by name: numbers, truths and categories with one value each, and parts of times, as
  /// `departure.hour`. Lists, maps and texts have any number of values, and a time has too many.
  public var crossMembers: [String: CrossMember] {
    var members: [String: CrossMember] = [:]
    for (place, feature) in features.enumerated() {
      switch feature.type {
      case .float, .bool: members[feature.name] = CrossMember(feature: place, part: nil)
      case .category where feature.valuesMax == 1: members[feature.name] = CrossMember(feature: place, part: nil)
      case .timestamp:
        for (number, part) in feature.parts.enumerated() {
          members[feature.name(of: part)] = CrossMember(feature: place, part: number)
        }
      case .category, .map, .text, .cross: break
      }
    }
    return members
  }
}
