public import Evaluation
public import Health
import Vocabulary

/// What frozen versions lost, window by window: a version is held against rules of loss and drift by what its own weights
/// answered, which do not move, rather than by what learns.
public struct VersionWindows: Sendable {
  private struct Window: Sendable {
    var score: HealthWindow.Score
    /// With which it begins and ends.
    var steps: (first: Int64, last: Int64)
  }

  private struct Version: Sendable {
    /// Since it is scored, up to the newest window.
    var weight = 0.0
    var lossSum = 0.0
    var answers = AnswerBands()
    /// The newest first.
    var windows: [Window] = []
  }

  private var reference: Int64 = 0
  private var serving: Int64 = 0
  private var step: Int64 = 0
  private var versions: [Int64: Version] = [:]

  /// Of so many windows the loss is remembered.
  public static let windowsMax = WindowHistory.scoresMax

  public init() {}

  /// Takes up the next window of a lineage.
  ///
  /// - Parameters:
  ///   - frozen: As it stands with the window's last step; nil: nobody was scored.
  ///   - priorLoss: What the best constant loses on the window's records.
  public mutating func add(_ frozen: FrozenScores?, priorLoss: Double?, step: Int64) {
    defer { self.step = step }
    guard let frozen, frozen.reference != 0 else { return (reference, serving, versions) = (0, 0, [:]) }
    var next: [Int64: Version] = [:]
    for entry in frozen.entries {
      var version = versions[entry.version] ?? Version()
      // Held against another, all are scored anew.
      if frozen.reference != reference || entry.weight < version.weight { (version.weight, version.lossSum) = (0, 0) }
      let (weight, lossSum) = (entry.weight, entry.weight * (entry.meanLoss ?? 0))
      let records = weight - version.weight
      if records > 0 {
        let score = HealthWindow.Score(
          records: Int64(records), loss: (lossSum - version.lossSum) / records, priorLoss: priorLoss)
        version.windows.insert(Window(score: score, steps: (self.step + 1, step)), at: 0)
        if version.windows.count > Self.windowsMax { version.windows.removeLast() }
      }
      (version.weight, version.lossSum, version.answers) = (weight, lossSum, entry.answers)
      next[entry.version] = version
    }
    (reference, serving, versions) = (frozen.reference, frozen.serving, next)
  }

  /// The version that answered requests in the next window, with its first step and its last; nil: none, or not all along.
  public func served(throughout frozen: FrozenScores?) -> Int64? {
    frozen?.serving == serving && serving != 0 ? serving : nil
  }

  /// Whether any version could be condemned by what it lost.
  public static func mayCondemn(_ policy: HealthPolicy) -> Bool {
    rules.contains { policy.actions(of: $0).contains(where: \.freezes) }
  }

  /// What is watched step by step, of the version that serves, has its own.
  private static let rules = HealthRule.allCases.filter { $0.isOfVersions && $0 != .conceptDrift }

  /// Holds what each version lost in the newest window, and answered so far, against the rules.
  ///
  /// Where the version that it is held against fails a rule in the same window, it is the stream that has changed: nothing is said.
  ///
  /// - Parameter target: What a rollback would return to, beside which the reference itself is looked at; nil: there is none.
  public func findings(_ policy: HealthPolicy, target: Int64?) -> [Int64: [HealthFinding]] {
    let own = Dictionary(uniqueKeysWithValues: versions.map { ($0.key, findings(of: $0.key, $0.value, policy)) })
    return Dictionary(
      uniqueKeysWithValues: own.map { number, findings in
        let other = number == reference ? target : reference
        let theirs = other.flatMap { own[$0] } ?? []
        let failed = Set(theirs.filter { $0.verdict == .fail }.map(\.rule))
        return (number, findings.map { failed.contains($0.rule) ? $0.asOfTheStream(other ?? 0) : $0 })
      })
  }

  private func findings(of number: Int64, _ version: Version, _ policy: HealthPolicy) -> [HealthFinding] {
    guard let newest = version.windows.first, newest.steps.last == step else { return [] }
    var window = HealthWindow(
      score: newest.score, before: version.windows.dropFirst().map(\.score), lossShifts: shifts(version.windows))
    if !version.answers.isEmpty {
      window.answers = AnswersBeside(
        own: version.answers.own, other: version.answers.reference, version: reference)
    }
    return Self.rules.flatMap { rule in
      var window = window
      // Of two windows in which a loss is another the first is none of those before.
      if rule == .lossDrift { window.before = Array(window.before.dropFirst()) }
      return examine(window, rule: rule, policy: policy).map { $0.about(version: number) }
    }
  }

  /// A loss that rose stays so for two windows: one may be a storm.
  private func shifts(_ windows: [Window]) -> [LossWatch.Shift] {
    guard windows.count > 2, let now = windows[0].score.loss, let last = windows[1].score.loss else { return [] }
    let before = windows.dropFirst(2).compactMap(\.score.loss).sorted()
    guard !before.isEmpty else { return [] }
    return [
      LossWatch.Shift(
        since: windows[1].steps.first, noticed: windows[0].steps.last, before: before[before.count / 2],
        after: min(now, last))
    ]
  }
}
