/// One transition of one version, and why: a row of the journal.
public struct RolloutDecision: Sendable, Hashable, Codable {
  public let version: Int64
  public let from: VersionState
  public let to: VersionState
  /// `RolloutRule.rawValue`.
  public let rule: String
  /// In the rule's unit; nil where there is no number, or none that is finite.
  public let observed: Double?
  public let threshold: Double?
  /// What the observation covers, as in `2048 records`.
  public let window: String
  /// One sentence a person understands.
  public let reason: String
  /// `controller` or `person:NAME`.
  public let actor: String
  /// Of live requests, which a canary gets by it; nil: what the state says.
  public let share: Double?

  /// Whether the version counts as confirmed from now on: whatever makes it stable does, but the trend.
  public var confirms: Bool {
    to == .stable ? rule != RolloutRule.trend.rawValue : from == .retired && to == .retired
  }

  /// Whether more is asked of the version because it is thought well of, which a freeze forbids: to be confirmed, or to return
  /// in a rollback, is not that.
  public var promotes: Bool {
    to == .canary || to == .stable && from != .stable && rule != RolloutRule.rollbackTarget.rawValue
  }

  public init(
    version: Int64, from: VersionState, to: VersionState, rule: RolloutRule, observed: Double? = nil,
    threshold: Double? = nil, window: String, reason: String, actor: RolloutActor,
    share: Double? = nil
  ) {
    self.version = version
    self.from = from
    self.to = to
    self.rule = rule.rawValue
    self.observed = observed.flatMap { $0.isFinite ? $0 : nil }
    self.threshold = threshold.flatMap { $0.isFinite ? $0 : nil }
    self.window = window
    self.reason = reason
    self.actor = actor.description
    self.share = share
  }

  /// The part of the live requests that the version is asked for from now on.
  public var shareInForce: Double { share ?? (to == .stable ? 1 : 0) }
}

/// Who decided.
public enum RolloutActor: Sendable, Hashable, CustomStringConvertible {
  case controller
  case person(String)

  public var description: String {
    switch self {
    case .controller: "controller"
    case .person(let name): "person:\(name)"
    }
  }
}
