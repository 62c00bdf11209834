import Health
import Testing
import Vocabulary

@Suite("KSWIN")
struct KolmogorovSmirnovWindowTests {
  @Test("finds a change that leaves the mean as it is")
  func spread() {
    var found = 0
    for seed in 1...50 as ClosedRange<UInt64> {
      var random = SplitMix64(seed: seed)
      var detector = KolmogorovSmirnovWindow()
      let values = (0..<500).map { Double(random.nextNearlyNormal()) * ($0 < 300 ? 1 : 8) }
      if detector.changes(in: values).contains(where: { (300..<420).contains($0.noticed) }) { found += 1 }
    }
    #expect(found >= 45, "\(found) of seeds 1 … 50")
  }

  @Test("a sample of the size is enough for the probability, or it says so")
  func tooSmall() {
    var settings = KolmogorovSmirnovWindow.Settings()
    settings.recent = 3
    settings.window = 10
    #expect(settings.problems.count == 1)
    // 2 / C(6, 3) = 0.1: three values that are all larger than three others.
    settings.alpha = 0.1
    #expect(settings.problems.isEmpty)
    var detector = KolmogorovSmirnovWindow(settings)
    let changes = detector.changes(in: [1, 2, 3, 4, 5, 6, 7, 11, 12, 13])
    #expect(changes.first?.noticed == 9 && changes.first?.began == 7)
    #expect(changes.first?.statistic == 1 && changes.first?.threshold == 1)
  }

  /// Over all ways in which n values of one kind and n of another can lie between each other.
  private func probability(of k: Int, samplesOf n: Int) -> Double {
    var ways: [[Int]: Double] = [[0, 0, 0]: 1]
    for _ in 0..<2 * n {
      var next: [[Int]: Double] = [:]
      for (state, count) in ways {
        for (a, b) in [(1, 0), (0, 1)] where state[0] + a <= n && state[1] + b <= n {
          let passed = state[2] == 1 || abs(state[0] + a - state[1] - b) >= k ? 1 : 0
          next[[state[0] + a, state[1] + b, passed], default: 0] += count
        }
      }
      ways = next
    }
    return (ways[[n, n, 1]] ?? 0) / ((ways[[n, n, 0]] ?? 0) + (ways[[n, n, 1]] ?? 0))
  }

  @Test("has the exact threshold", arguments: [0.2, 0.01, 0.0005])
  func exact(alpha: Double) throws {
    for n in [8, 15, 30] {
      var settings = KolmogorovSmirnovWindow.Settings()
      settings.alpha = alpha
      settings.recent = n
      settings.window = 2 * n
      guard settings.problems.isEmpty else { continue }
      var detector = KolmogorovSmirnovWindow(settings)
      let change = try #require(detector.changes(in: (0..<4 * n).map { $0 < n ? 0 : 1 }).first)
      let k = Int((change.threshold * Double(n)).rounded())
      #expect(probability(of: k, samplesOf: n) <= alpha && probability(of: k - 1, samplesOf: n) > alpha)
    }
  }

  @Test("draws another sample with another seed, and the same with the same")
  func seeds() {
    func noticed(_ seed: UInt64) -> [Int64] {
      var settings = KolmogorovSmirnovWindow.Settings()
      settings.alpha = 0.05
      settings.seed = seed
      var random = SplitMix64(seed: 1)
      var detector = KolmogorovSmirnovWindow(settings)
      return detector.changes(in: (0..<5000).map { _ in random.nextUnit() }).map(\.noticed)
    }
    #expect(noticed(1) == noticed(1))
    #expect(noticed(1) != noticed(2))
  }
}
