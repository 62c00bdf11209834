public import Vocabulary

/// The windows in which an incident told that a field of the stream had changed.
public struct DriftSpan: Sendable, Hashable {
  public let rule: HealthRule
  /// The features; of the label alone none.
  public let features: Set<String>
  /// The first checkpoint of which the rule failed.
  public let first: Int64
  /// The checkpoint with which it was over; nil: it is not.
  public let last: Int64?
  /// A person said that the stream is what it was changed to.
  public let isAccepted: Bool

  public init(rule: HealthRule, features: Set<String>, first: Int64, last: Int64?, isAccepted: Bool) {
    (self.rule, self.features, self.first) = (rule, features, first)
    (self.last, self.isAccepted) = (last, isAccepted)
  }

  public var isOpen: Bool { last == nil }

  /// Whether it is about a column of the stream. What the model itself gives, predictions and activations, is another with each
  /// version, and each version is held against its own.
  public func watches(_ column: RowColumn) -> Bool {
    switch column.role {
    case .feature: features.contains(column.name)
    case .label: rule == .labelDrift
    case .prediction: false
    }
  }

  /// The rules that say that a field of the stream is another.
  public static let rules: [HealthRule] = [.featureDrift, .unitChange, .featureConstant, .featureGone, .labelDrift]
}
