import Health
import Testing
import Vocabulary

@Suite("DDM")
struct DriftDetectionMethodTests {
  @Test("warns before it alarms, and the change began where the warning did")
  func warning() throws {
    var warned = 0
    for seed in 1...50 as ClosedRange<UInt64> {
      var random = SplitMix64(seed: seed)
      var detector = DriftDetectionMethod()
      var began: Int64?
      for index in 0..<2000 {
        let change = detector.add(random.nextUnit() < (index < 1000 ? 0.1 : 0.4) ? 1 : 0)
        if let change, index >= 1000 {
          #expect(change.began == began ?? change.noticed, "seed \(seed)")
          #expect(detector.warningBegan == nil)
          if began != nil { warned += 1 }
          break
        }
        began = detector.warningBegan
      }
    }
    #expect(warned >= 45, "\(warned) of seeds 1 … 50")
  }

  @Test("ignores what is neither right nor wrong")
  func neither() {
    var detector = DriftDetectionMethod()
    for value in [0.5, -1, 2, 1e-300] { #expect(detector.add(value) == nil) }
    #expect(detector.count == 4 && detector.ignored == 4)
  }

  @Test("the first error of a good learner is no change, many are")
  func firstError() throws {
    var detector = DriftDetectionMethod()
    let values = (0..<3000).map { $0 == 1000 || $0 >= 2000 && $0 % 2 == 0 ? 1.0 : 0 }
    let changes = detector.changes(in: values)
    #expect(try #require(changes.first).noticed > 2000)
    #expect(try #require(changes.first).noticed < 2060)
  }

  @Test("a learner that becomes better is no alarm")
  func better() {
    var random = SplitMix64(seed: 12)
    var detector = DriftDetectionMethod()
    #expect(detector.changes(in: (0..<3000).map { random.nextUnit() < 0.5 / (1 + Double($0) / 100) ? 1 : 0 }).isEmpty)
  }
}
