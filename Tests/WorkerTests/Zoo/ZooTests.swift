import Foundation
import Health
import Learning
import Pipelines
import Synchronization
import Testing
import Vocabulary
import Worker

/// Which rule notices which fault first, and with which window of about a thousand records after it began (seed 1; `RETRAIN_ZOO=1`
/// prints all rules that do, with what they saw, and how near each rule came to failing on the clean runs):
///
/// | fault                                 | noticed by                                      | window |
/// |---------------------------------------|-------------------------------------------------|--------|
/// | optimiser forgets after each step     | update_shift, 7 times the usual                 | 1      |
/// | normaliser frozen                     | normalizer_stalled                              | 1      |
/// | normaliser reset                      | normalizer_stalled                              | 1      |
/// | head detached                         | vanishing_gradient                              | 1      |
/// | gradient of one layer lost            | vanishing_gradient                              | 1      |
/// | one layer frozen                      | unchanged_weights, by the norm of the weights   | 2      |
/// | gradient with the wrong sign          | loss_spike, gradient_shift, update_shift        | 2      |
/// | learning rate × 1000                  | loss_spike, gradient_shift, update_shift        | 1      |
/// | learning rate × 0.001                 | update_shift, 1/820 of the usual                | 1      |
/// | gradient not divided by the count     | gradient_shift, 67 times the usual              | 1      |
/// | weight decay far too large            | loss_spike, drift                               | 2      |
/// | dropout while answering               | loss_apart, loss_spike                          | 1      |
/// | answers of an old state               | loss_apart, loss_spike                          | 1      |
/// | labels shifted by one record          | loss_spike, gradient_shift, update_shift        | 1      |
/// | labels of another field               | loss_spike, gradient_shift, update_shift        | 1      |
/// | classes swapped                       | loss_spike, gradient_shift, update_shift        | 1      |
/// | stale batch, learned again and again  | repeated_records, feature_drift                 | 2      |
/// | label in a feature                    | feature_drift; what it means: loss_too_good     | 1; 2   |
/// | feature columns swapped               | feature_drift, loss_spike, gradient_shift       | 1      |
/// | rows of a category swapped            | loss_spike, update_shift                        | 1      |
/// | a feature is a default                | feature_drift, loss_spike; feature_constant     | 1; 2   |
/// | a feature in another unit             | feature_drift, wild_values; unit_change         | 1; 2   |
///
/// The other four are noticed by the worker itself: optimisers' state that does not come back (`RestoredState`), records that two
/// ranks take or that one leaves out (`AccountError`), and an update that a rank misses (`ReplicaDivergence`).
@Suite("A zoo of silent training errors")
struct ZooTests {
  private static let past = Result { try ZooPast(seed: 1) }
  /// Windows until a fault has to be noticed: of about a thousand records each.
  private static let windows = 4
  /// And in which nothing may be found where there is none.
  private static let cleanWindows = 8
  /// `RETRAIN_ZOO=1`: each fault is printed with what notices it, and after how many windows.
  private static let tells = ProcessInfo.processInfo.environment["RETRAIN_ZOO"] != nil

  @Test("each fault is noticed within four windows", .timeLimit(.minutes(3)))
  func noticed() async throws {
    let past = try Self.past.get()
    #expect(past.findings.joined().allSatisfy { $0.verdict != .fail })
    let sabotages = Sabotage.all(past)
    #expect(Set(sabotages.map(\.name)).count == sabotages.count && sabotages.count >= 20)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for sabotage in sabotages {
        group.addTask {
          let (result, findings) = try past.goOn(Self.windows, change: sabotage.change, model: sabotage.model)
          #expect(result.error == nil && result.end == .finished && findings.count == Self.windows)
          let first = Self.first(findings)
          if Self.tells { print(Self.line(sabotage.name, first)) }
          #expect(sabotage.noticedBy.contains { first[$0] != nil }, "\(sabotage.name): \(first)")
        }
      }
      try await group.waitForAll()
    }
  }

  @Test("nothing is found where nothing is wrong, whatever the seed", .timeLimit(.minutes(3)))
  func clean() async throws {
    var margins = Margins()
    try await withThrowingTaskGroup(of: [HealthFinding].self) { group in
      for seed in UInt64(1)...20 {
        group.addTask {
          let past = try seed == 1 ? Self.past.get() : ZooPast(seed: seed)
          let (result, findings) = try past.goOn(Self.cleanWindows)
          #expect(result.error == nil && result.snapshots.count == Self.cleanWindows)
          let all = past.findings + findings
          #expect(all.count == ZooPast.windows + Self.cleanWindows)
          for (window, findings) in all.enumerated() {
            let failed = findings.filter { $0.verdict == .fail }.map(\.sentence)
            #expect(failed.isEmpty, "seed \(seed), window \(window + 1): \(failed)")
          }
          return all.flatMap(\.self)
        }
      }
      for try await findings in group { for finding in findings { margins.take(finding) } }
    }
    // Calibration wants more records than a window has here what is learned by heart and a hot spot more steps, labels come without times,
    // and records always come: all else was looked at.
    let unseen: Set<HealthRule> = [.calibration, .overfitting, .hotSpot, .labelDelay, .stalledStream]
    #expect(margins.rules.isSuperset(of: Set(HealthRule.allCases).subtracting(unseen).map(\.rawValue)))
    if Self.tells { print(margins.lines) }
  }

  @Test(
    "what an optimiser knows and does not come back after a restart is noticed at once, and nothing where all comes back"
  )
  func restart() throws {
    let state = try Self.past.get().end.learner
    let (sick, sound) = (try restored(ForgetsAtRestart.self, state), try restored(ForwardingModel.self, state))
    let trouble = try #require(RestoredState.trouble(state, in: sick, ZooRig.usual.training))
    #expect(trouble.kind == "state_not_restored" && trouble.needsPerson)
    #expect(trouble.sentence.contains("of \(state.count) on it is another"), "\(trouble.sentence)")
    #expect(RestoredState.trouble(state, in: sound, ZooRig.usual.training) == nil)
  }

  private func restored(_ kind: ForwardingModel.Type, _ state: [UInt8]) throws -> ForwardingModel {
    let model = kind.init(Learner(spec: ZooRig.spec, batchCapacity: 64))
    try model.restoreState(state)
    return model
  }

  /// By rule that fails: the first window.
  private static func first(_ findings: [[HealthFinding]]) -> [HealthRule: (window: Int, observed: Double)] {
    var first: [HealthRule: (window: Int, observed: Double)] = [:]
    for (window, findings) in findings.enumerated() {
      for finding in findings where finding.verdict == .fail {
        guard let rule = HealthRule(rawValue: finding.rule), first[rule] == nil else { continue }
        first[rule] = (window + 1, finding.observed)
      }
    }
    return first
  }

  private static func line(_ name: String, _ first: [HealthRule: (window: Int, observed: Double)]) -> String {
    let noticed = first.sorted { ($0.value.window, $0.key.rawValue) < ($1.value.window, $1.key.rawValue) }
    return "ZOO " + name.padding(toLength: 38, withPad: " ", startingAt: 0)
      + noticed.map { rule, first in
        "\(rule.rawValue) \(first.window) (\(String(format: "%.3g", first.observed)))"
      }.joined(separator: ", ")
  }
}

/// By rule, the finding that came nearest to its threshold.
private struct Margins {
  private var nearest: [String: HealthFinding] = [:]

  mutating func take(_ finding: HealthFinding) {
    guard finding.verdict != .inconclusive else { return }
    func distance(_ finding: HealthFinding) -> Double { abs(finding.observed - finding.threshold) }
    if nearest[finding.rule].map({ distance(finding) < distance($0) }) ?? true { nearest[finding.rule] = finding }
  }

  var rules: Set<String> { Set(nearest.keys) }

  var lines: String {
    nearest.values.sorted { $0.rule < $1.rule }.map { finding in
      "ZOO nearest, \(finding.rule) of \(finding.layer): \(finding.observed) against \(finding.threshold)"
    }.joined(separator: "\n")
  }
}

@Suite("A group in the zoo")
struct ZooGroupTests {
  private let stream = ZooStream(seed: 1)

  @Test("of two ranks nothing is reported where nothing is wrong")
  func clean() async throws {
    let results = try await ZooRig(stream: stream).run(2, upTo: 2)
    #expect(results.allSatisfy { $0.error == nil } && results.count == 2)
    #expect(results[0].learner == results[1].learner)
  }

  @Test("records that two ranks both take are noticed with the first step")
  func learnedTwice() async throws {
    let rig = ZooRig(stream: stream, owned: { $0 == Rank(0) ? [0, 1] : [1, 2, 3] })
    for result in try await rig.run(2, upTo: 2) {
      #expect(result.error?.contains("partition 1") == true && result.state.step == 0, "\(result.error ?? "nothing")")
    }
  }

  @Test("a share that a rank leaves out is noticed with the first step")
  func leftOut() async throws {
    let rig = ZooRig(stream: stream, leavesOut: { $0 == Rank(1) ? 5 : 0 })
    for result in try await rig.run(2, upTo: 2) {
      #expect(
        result.error?.contains("from offset 5, but the group had agreed on 0") == true, "\(result.error ?? "nothing")")
    }
  }

  @Test("an update that a rank misses is noticed before the next checkpoints are made of it")
  func missedUpdate() async throws {
    let isFirst = Once()
    let rig = ZooRig(stream: stream, model: { isFirst.take() ? MissesAnUpdate($0) : ForwardingModel($0) })
    for result in try await rig.run(2, upTo: 8) {
      #expect(result.error?.contains("hold different models") == true, "\(result.error ?? "nothing")")
      #expect(result.state.step < 128)
    }
  }
}

/// True for whoever comes first.
private final class Once: Sendable {
  private let isTaken = Mutex(false)

  func take() -> Bool {
    isTaken.withLock { taken in
      defer { taken = true }
      return !taken
    }
  }
}
