import Foundation
import Health
import Testing
import Vocabulary

@Suite("Loss watch")
struct LossWatchTests {
  /// Mean losses of steps, noisy about a level.
  private static func losses(_ level: Double, _ count: Int, seed: UInt64) -> [Double] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in level + 0.1 * (random.nextUnit() - 0.5) }
  }

  @Test("says since which step the loss is another one, up and down, and nothing of one that stays")
  func shifts() throws {
    var watch = LossWatch()
    var step: Int64 = 100
    func feed(_ values: [Double]) {
      for value in values {
        step += 1
        watch.add(value, step: step)
      }
    }
    feed(Self.losses(0.5, 2000, seed: 1))
    #expect(watch.shifts.isEmpty)
    let start = step + 1
    feed(Self.losses(0.8, 500, seed: 2))
    let up = try #require(watch.shifts.first)
    #expect(watch.shifts.count == 1 && abs(up.since - start) <= 32 && up.noticed < start + 64)
    #expect(abs(up.after - 0.8) < 0.02)
    #expect(up.rise > 0.4 && abs(up.before - 0.5) < 0.05)
    watch.beginWindow()
    feed(Self.losses(0.4, 500, seed: 3))
    #expect(watch.shifts.count == 1 && watch.shifts[0].rise < -0.3)
  }

  @Test("goes on from its coding with the same answers, and ignores what is no number")
  func coding() throws {
    var watch = LossWatch()
    let values = Self.losses(0.5, 300, seed: 4) + [.nan, .infinity] + Self.losses(0.9, 500, seed: 5)
    for (step, value) in values.prefix(200).enumerated() { watch.add(value, step: Int64(step)) }
    var other = try JSONDecoder().decode(LossWatch.self, from: JSONEncoder().encode(watch))
    for (step, value) in values.dropFirst(200).enumerated() {
      watch.add(value, step: Int64(200 + step))
      other.add(value, step: Int64(200 + step))
    }
    #expect(watch == other && watch.shifts.count == 1)
  }

  @Test("keeps no more shifts than it says, the newest")
  func bounded() {
    var watch = LossWatch()
    var step: Int64 = 0
    for level in 0..<40 {
      for value in Self.losses(Double(level % 2) * 5, 400, seed: UInt64(level)) {
        step += 1
        watch.add(value, step: step)
      }
    }
    #expect(watch.shifts.count == LossWatch.shiftsMax && watch.shifts.last?.noticed ?? 0 > step - 800)
  }

  @Test("says nothing of a spell: a loss that is another one for less than the steps that it has to stay")
  func spell() {
    var watch = LossWatch()
    let spell = Int(LossWatch.stepsToStay) / 2
    let losses = Self.losses(0.5, 2000, seed: 6) + Self.losses(2, spell, seed: 7) + Self.losses(0.5, 2000, seed: 8)
    for (step, loss) in losses.enumerated() { watch.add(loss, step: Int64(step)) }
    #expect(watch.shifts.allSatisfy { $0.rise < 0.1 }, "\(watch.shifts)")
  }

  @Test("forgets what it knew when it is to watch another model, but not what it noticed")
  func follows() {
    var watch = LossWatch()
    let losses = Self.losses(0.5, 1000, seed: 9) + Self.losses(0.9, 500, seed: 10)
    for (step, loss) in losses.enumerated() { watch.add(loss, step: Int64(step)) }
    #expect(watch.shifts.count == 1)
    watch.follow()
    for (step, loss) in Self.losses(0.3, 300, seed: 11).enumerated() { watch.add(loss, step: Int64(1500 + step)) }
    #expect(watch.shifts.count == 1 && (watch.windowLoss ?? 0) > 0.5)
  }

  /// What the rule says after a change of the labels from step 1,000 on.
  private func reason(_ change: (Bool, inout SplitMix64) -> Bool) throws -> String {
    var (watch, random) = (LossWatch(), SplitMix64(seed: 12))
    for step in 0..<1500 {
      var (counts, loss) = (AnswerCounts(), 0.0)
      for _ in 0..<32 {
        // A quarter is positive, and four of five answers tell which.
        let isPositive = random.nextUnit() < 0.25
        let answer = random.nextUnit() < 0.8 ? isPositive : !isPositive
        let label = step < 1000 ? isPositive : change(isPositive, &random)
        counts.add(isPositive: label, isWrong: answer != label)
        loss += answer == label ? 0.2 : 1.6
      }
      watch.add(loss / 32, answers: counts, step: Int64(step))
    }
    var window = RuleConformanceTests.healthy()
    window.stableShifts = watch.shifts
    let finding = try #require(examine(window).first { $0.rule == "concept_drift" && $0.verdict == .fail })
    return finding.sentence
  }

  @Test("labels that are turned round are told from a time in which all of them are alike")
  func turnedRound() throws {
    let turned = try reason { label, _ in !label }
    #expect(turned.contains("the labels look turned round"), "\(turned)")
    let storm = try reason { label, random in label || random.nextUnit() < 0.7 }
    #expect(
      !storm.contains("turned round") && storm.contains("what the features say of the label has changed"), "\(storm)")
  }
}
