/// What an edit of a setting means for weights that were learned before it.
public enum EditEffect: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
  /// The weights go on, and mean what they meant.
  case harmless
  /// Something comes to it: what was learned stays bit by bit, and what is new begins afresh.
  case extends
  /// The weights would be read as what they were not learned for.
  case changes

  public static func < (left: Self, right: Self) -> Bool {
    allCases.firstIndex(of: left) ?? 0 < allCases.firstIndex(of: right) ?? 0
  }
}

/// One setting that is not what it was.
public struct SettingEdit: Sendable, Hashable, Codable {
  public let effect: EditEffect
  /// As people name it: `schema.features[distance].clip`.
  public let setting: String
  /// As the file spells it; nil: it was not there.
  public let old: String?
  /// nil: it is not there any more.
  public let new: String?
  /// What it means, in one sentence without its full stop.
  public let meaning: String
  /// Where it stands in the text before, and in the new one: full key paths for `SettingPlaces`.
  public let oldPath, newPath: String
}

/// An effect with its reason.
struct EditVerdict {
  let effect: EditEffect
  let meaning: String

  static func harmless(_ meaning: String = "the model goes on") -> EditVerdict {
    EditVerdict(effect: .harmless, meaning: meaning)
  }
  static func extends(_ meaning: String) -> EditVerdict { EditVerdict(effect: .extends, meaning: meaning) }
  static func changes(_ meaning: String) -> EditVerdict { EditVerdict(effect: .changes, meaning: meaning) }
}

/// What edits of the keys of a section mean: one rule a key. A key without a rule changes what is meant, until somebody has
/// thought about it.
struct EditRules<Owner: Sendable>: Sendable {
  /// nil: it makes no difference there.
  typealias Rule = @Sendable (_ old: Owner, _ new: Owner) -> EditVerdict?

  let rules: [String: Rule]

  func verdict(_ key: String, _ old: Owner, _ new: Owner) -> EditVerdict? {
    guard let rule = rules[key] else { return .changes("the weights were learned with the old one") }
    return rule(old, new)
  }
}
