import Foundation
import Health
import Registry
import Vocabulary

/// A rule that fails for some layers, features or the stream, since one window: one incident, until all of them pass again.
struct HealthSpell {
  let rule: HealthRule
  let incident: Int64
  let openedAt: Date
  /// For what it fails, and in how many windows in a row it has passed since.
  private(set) var passed: [String: Int]
  /// In how many windows in a row the rule said nothing of them.
  private var unseen: [String: Int] = [:]
  /// What the rule says of them in the newest window that failed.
  var reason: String
  var freezes: Bool
  /// The version whose own answers show it, which has to make room where it serves; nil: none has.
  var returning: Int64?
  var wantsRewind = false
  var wantsRetrain = false
  /// What a run beside is to learn with otherwise, and the layers that it is for.
  private(set) var remedies: [HealthAction: Set<String>] = [:]

  /// So many windows in a row have to pass before it is over.
  private static let windowsToPass = 2
  /// Of what the rule has nothing to say in so many, a feature that is gone, say, it will say nothing more.
  private static let windowsToForget = 8
  /// Between names in the incident's details.
  private static let separator = "\n"

  init(_ rule: HealthRule, _ incident: IncidentRecord, _ failed: [HealthFinding]) {
    (self.rule, self.incident, openedAt) = (rule, incident.id, incident.openedAt)
    passed = Dictionary(failed.map { ($0.subject, 0) }) { first, _ in first }
    reason = ""
    freezes = false
    follow(failed)
  }

  /// What an earlier controller left open.
  ///
  /// - Parameter policy: What it does until the next window says so is what its rule does.
  init?(_ incident: IncidentRecord, _ policy: HealthPolicy) {
    guard let rule = HealthRule(rawValue: incident.kind) else { return nil }
    let details = incident.facts
    (self.rule, self.incident, openedAt) = (rule, incident.id, incident.openedAt)
    let subjects = details["subjects"]?.components(separatedBy: Self.separator)
    passed = Dictionary(
      (subjects ?? [incident.feature ?? incident.layer ?? HealthFinding.stream]).map { ($0, 0) }
    ) { first, _ in first }
    reason = details["reason"] ?? rule.rawValue
    // What was done, where it still would be.
    let allowed = policy.actions(of: rule)
    let actions = incident.actions.filter(allowed.contains)
    freezes = actions.contains(where: \.freezes)
    returning = actions.contains(.rollBack) ? details["version"].flatMap { Int64($0) } : nil
    wantsRewind = actions.contains(.rewind)
    wantsRetrain = actions.contains(where: \.retrains)
    for action in [HealthAction.swapActivation, .resetBias] where actions.contains(action) {
      remedies[action] = Set(passed.keys)
    }
  }

  /// Which rules fail and let no version be promoted, as the end of a sentence; nil: none does.
  ///
  /// - Throws: `RegistryError`.
  static func freezing(_ pipelineID: Int64, _ policy: HealthPolicy, in registry: Registry) async throws -> String? {
    let open = try await registry.openTroubles(pipeline: pipelineID, kinds: HealthRule.allCases.map(\.rawValue))
    let names = open.compactMap { HealthSpell($0, policy) }.filter(\.freezes).map(\.rule.rawValue)
    guard !names.isEmpty else { return nil }
    return "the health \(names.count == 1 ? "rule" : "rules") \(names.joined(separator: ", ")) "
      + "\(names.count == 1 ? "fails, and lets" : "fail, and let") none be promoted"
  }

  static func draft(_ rule: HealthRule, _ failed: [HealthFinding], of checkpoint: CheckpointRecord) -> IncidentDraft {
    let actions = failed.compactMap(\.action)
    let severity: IncidentDraft.Severity =
      actions.contains(.page) ? .error : actions.allSatisfy { $0 == .note } ? .notice : .warning
    let layer = failed.first { $0.feature == nil }?.layer
    let subjects = failed.map(\.subject).joined(separator: separator)
    var facts = [
      "reason": failed.map(\.sentence).joined(separator: "; "), "checkpoint": String(checkpoint.id),
      "action": HealthAction.allCases.filter(actions.contains).map(\.rawValue).joined(separator: ", "),
      "subjects": subjects,
    ]
    facts["version"] = failed.compactMap(\.version).first.map { String($0) }
    return IncidentDraft(
      key: "\(rule.rawValue) \(checkpoint.id)", kind: rule.rawValue, severity: severity,
      layer: layer == HealthFinding.stream ? nil : layer, feature: failed.compactMap(\.feature).first,
      step: checkpoint.step,
      details: IncidentDraft.details(facts))
  }

  /// Takes in what the rule says of one more window.
  ///
  /// - Parameters:
  ///   - findings: Of the rule; what has too little to go by leaves it as it is.
  ///   - columns: Of the stream, where the window was sampled.
  mutating func take(_ findings: [HealthFinding], columns: [RowColumn] = []) {
    let said = Set(findings.map(\.subject))
    for subject in passed.keys {
      // A field that is still read, and has nothing to be held against for now, is not over for that.
      if !said.contains(subject), isOfField(subject, columns) { continue }
      unseen[subject] = said.contains(subject) ? 0 : unseen[subject, default: 0] + 1
      if unseen[subject, default: 0] >= Self.windowsToForget { passed[subject] = nil }
    }
    for finding in findings {
      guard let count = passed[finding.subject] else { continue }
      switch finding.verdict {
      case .fail: passed[finding.subject] = 0
      case .pass: passed[finding.subject] = count + 1
      case .inconclusive, .error: break
      }
    }
    let failed = findings.filter { $0.verdict == .fail && passed[$0.subject] != nil }
    if !failed.isEmpty { follow(failed) }
  }

  private func isOfField(_ subject: String, _ columns: [RowColumn]) -> Bool {
    guard DriftSpan.rules.contains(rule), rule != .featureGone else { return false }
    return columns.isEmpty || rule == .labelDrift
      || columns.contains { $0.role == .feature && $0.name == subject }
  }

  private mutating func follow(_ failed: [HealthFinding]) {
    reason = failed.map(\.sentence).joined(separator: "; ")
    freezes = failed.contains { $0.action?.freezes ?? false }
    returning = failed.first { $0.action == .rollBack && $0.version != nil }?.version
    wantsRewind = failed.contains { $0.action == .rewind }
    wantsRetrain = failed.contains { $0.action?.retrains ?? false }
    remedies = [:]
    for finding in failed {
      guard let action = finding.action, action == .swapActivation || action == .resetBias else { continue }
      remedies[action, default: []].insert(finding.layer)
    }
  }

  var isOver: Bool { passed.values.allSatisfy { $0 >= Self.windowsToPass } }
}

extension HealthFinding {
  /// The feature, the layer or the stream that it is about.
  var subject: String { feature ?? layer }
}
