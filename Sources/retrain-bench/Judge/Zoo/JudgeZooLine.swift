import Foundation

/// What one rule made of one version of the zoo, over all seeds.
struct JudgeZooLine: JudgeLine {
  var workload = "judge"
  var part = "zoo"
  let version: String
  let isGood: Bool
  let rule: String
  let seeds: Int
  /// Promoted where good, caught where bad.
  let right: Int
  let wrong: Int
  /// Of those that were decided rightly.
  let medianRecords: Int?
  /// The version's loss less that of the baseline, a record.
  let mean: Double
  /// How far the told beginning lay from the true one, where a version turned bad; the median, in records.
  let onsetOff: Int?

  private enum CodingKeys: String, CodingKey {
    case workload, part, version, isGood = "is_good", rule, seeds, right, wrong, medianRecords = "median_records",
      mean = "mean_difference", onsetOff = "onset_off"
  }

  /// - Parameter outcomes: Of one version and rule, at least one.
  private init(_ outcomes: [ZooOutcome]) {
    version = outcomes[0].version
    isGood = outcomes[0].isGood
    rule = outcomes[0].rule
    seeds = outcomes.count
    let times = outcomes.compactMap { $0.isGood ? $0.promoted : $0.caught }.sorted()
    right = times.count
    wrong = outcomes.count { ($0.isGood ? $0.caught : $0.promoted) != nil }
    medianRecords = times.isEmpty ? nil : times[times.count / 2]
    mean = outcomes.map(\.mean).mean
    let offs = outcomes.compactMap(\.onsetOff).sorted()
    onsetOff = offs.isEmpty ? nil : offs[offs.count / 2]
  }

  /// A line for each version and rule, then one for each rule over all bad and one over all good versions.
  static func all(_ settings: ErrorSettings, seeds: Int) -> [JudgeZooLine] {
    let outcomes = inParallel(seeds) { index in
      var run = ZooRun(seed: settings.seed &+ UInt64(index))
      run.batch = settings.batch
      run.first = settings.first
      run.alpha = settings.alpha
      run.goodRecords = settings.records
      return run.outcomes()
    }
    guard let order = outcomes.first else { return [] }
    // Every seed has the same versions and rules in the same order.
    let versions = order.indices.map { place in JudgeZooLine(outcomes.map { $0[place] }) }
    var totals: [JudgeZooLine] = []
    for isGood in [false, true] {
      var rules: [String] = []
      for outcome in order where !rules.contains(outcome.rule) { rules.append(outcome.rule) }
      for rule in rules {
        let name = isGood ? "all that are good" : "all that are bad"
        totals.append(
          JudgeZooLine(
            outcomes.joined().filter { $0.isGood == isGood && $0.rule == rule }.map { outcome in
              var outcome = outcome
              outcome.version = name
              return outcome
            }))
      }
    }
    return versions + totals
  }

  static let titles = [
    ("version", 34), ("is", 5), ("rule", 11), ("right", 9), ("wrong", 9), ("median records", 15), ("mean", 9),
    ("onset off by", 12),
  ].map { (title: $0.0, width: $0.1) }

  var cells: [String] {
    func share(_ count: Int) -> String { String(format: "%.2f %%", 100 * Double(count) / Double(seeds)) }
    return [
      version, isGood ? "good" : "bad", rule, share(right), share(wrong), medianRecords.map(String.init) ?? "-",
      String(format: "%.4f", mean), onsetOff.map(String.init) ?? "-",
    ]
  }
}
