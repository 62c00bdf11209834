import Foundation

/// What many runs of one rule on one stream came to.
struct JudgeErrorLine: JudgeLine {
  var workload = "judge"
  var part = "errors"
  let stream: String
  let version: String
  let rule: String
  let runs: Int
  let promoted: Int
  let rolledBack: Int
  /// The version was called worse by whatever little, margin or not.
  let calledWorse: Int
  /// Of the error that there can be: rolled back where equal, promoted where worse by the margin.
  let wrong: Int
  let wrongAtMost: Double
  /// Of the runs that were decided rightly.
  let medianRecords: Int?
  let seed: UInt64

  private enum CodingKeys: String, CodingKey {
    case workload, part, stream, version, rule, runs, promoted, rolledBack = "rolled_back",
      calledWorse = "called_worse", wrong, wrongAtMost = "wrong_share_95", medianRecords = "median_records", seed
  }

  init(
    settings: ErrorSettings, stream: String, candidate: LossStream.Candidate, rule: StoppingRule,
    outcomes: [RunOutcome]
  ) {
    self.stream = stream
    version = candidate == .equal ? "equal" : "worse by the margin"
    self.rule = rule.rawValue
    runs = outcomes.count
    let promotions = outcomes.compactMap(\.promoted)
    let rollBacks = outcomes.compactMap(\.rolledBack)
    promoted = promotions.count
    rolledBack = rollBacks.count
    calledWorse = outcomes.count { $0.calledWorse != nil }
    wrong = candidate == .equal ? rolledBack : promoted
    wrongAtMost = upperBound(of: wrong, in: runs)
    let right = (candidate == .equal ? promotions : rollBacks).sorted()
    medianRecords = right.isEmpty ? nil : right[right.count / 2]
    seed = settings.seed
  }

  static let titles = [
    ("stream", 11), ("version", 20), ("rule", 11), ("promoted", 9), ("rolled back", 12), ("wrong, at most", 15),
    ("median records", 14),
  ].map { (title: $0.0, width: $0.1) }

  var cells: [String] {
    [
      stream, version, rule, String(promoted), String(rolledBack), String(format: "%.2f %%", 100 * wrongAtMost),
      medianRecords.map(String.init) ?? "-",
    ]
  }
}
