public import Vocabulary

/// Which rules are looked at, from where on they fail, and what is done then.
public struct HealthPolicy: Sendable, Hashable {
  /// What a pipeline says of a rule, for all that it looks at or for one layer or feature.
  public struct Setting: Sendable, Hashable {
    public var rule: HealthRule
    /// The layer or the feature; nil: all.
    public var subject: String?
    public var threshold: Double?
    public var action: HealthAction?

    public init(rule: HealthRule, subject: String? = nil, threshold: Double? = nil, action: HealthAction? = nil) {
      self.rule = rule
      self.subject = subject
      self.threshold = threshold
      self.action = action
    }
  }

  public var limits: HealthLimits
  /// What is said of one subject outweighs what is said of all; of two the later one.
  public var settings: [Setting]

  public init(limits: HealthLimits = HealthLimits(), settings: [Setting] = []) {
    self.limits = limits
    self.settings = settings
  }

  func threshold(of rule: any Rule, for subject: String) -> Double {
    setting(rule.name, subject, \.threshold) ?? rule.threshold(limits)
  }

  /// Of all that the pipeline does not name.
  public func threshold(of rule: HealthRule) -> Double { threshold(of: RuleBook.rule(rule), for: "") }

  /// All that may be done where a rule fails, whatever it fails for.
  public func actions(of rule: HealthRule) -> Set<HealthAction> {
    Set([action(of: rule)] + settings.filter { $0.rule == rule }.compactMap(\.action))
  }

  /// What is done where a rule fails for a layer or a feature; by default of all that the pipeline does not name.
  public func action(of rule: HealthRule, for subject: String = "") -> HealthAction {
    setting(rule, subject, \.action) ?? RuleBook.rule(rule).action
  }

  /// Settings of a layer or feature that no rule has looked at: a sentence each.
  public func remarks(on findings: [HealthFinding]) -> [String] {
    settings.compactMap { setting in
      guard let subject = setting.subject, setting.action != .off else { return nil }
      let subjects = findings.filter { $0.rule == setting.rule.rawValue }.map { $0.feature ?? $0.layer }
      // A rule that has nothing to go by yet looks at nothing at all.
      guard !subjects.isEmpty, !subjects.contains(subject) else { return nil }
      return "\(setting.rule.rawValue) looks at nothing called \(subject), but at \(subjects.joined(separator: ", "))"
    }
  }

  private func setting<Value>(_ rule: HealthRule, _ subject: String, _ value: KeyPath<Setting, Value?>) -> Value? {
    func last(_ subject: String?) -> Value? {
      settings.last { $0.rule == rule && $0.subject == subject && $0[keyPath: value] != nil }?[keyPath: value]
    }
    return last(subject) ?? last(nil)
  }
}
