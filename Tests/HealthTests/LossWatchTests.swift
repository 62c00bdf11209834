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
    #expect(up.rise > 0.4 && abs(up.before - 0.5) < 0.05)
    watch.beginWindow()
    feed(Self.losses(0.4, 500, seed: 3))
    #expect(watch.shifts.count == 1 && watch.shifts[0].rise < -0.3)
  }

  @Test("goes on from its coding with the same answers, and ignores what is no number")
  func coding() throws {
    var watch = LossWatch()
    let values = Self.losses(0.5, 300, seed: 4) + [.nan, .infinity] + Self.losses(0.9, 300, seed: 5)
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
      for value in Self.losses(Double(level % 2) * 5, 200, seed: UInt64(level)) {
        step += 1
        watch.add(value, step: step)
      }
    }
    #expect(watch.shifts.count == LossWatch.shiftsMax && watch.shifts.last?.noticed ?? 0 > step - 400)
  }
}
