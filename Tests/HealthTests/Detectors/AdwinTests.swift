import Health
import Testing
import Vocabulary

@Suite("ADWIN")
struct AdwinTests {
  @Test("keeps the mean of its window, in few buckets")
  func window() {
    var random = SplitMix64(seed: 2)
    var adwin = Adwin()
    var sum = 0.0
    for index in 1...100_000 {
      let value = random.nextUnit()
      sum += value
      #expect(adwin.add(value) == nil)
      if index % 10_000 == 0 {
        #expect(adwin.width == Int64(index))
        #expect(abs(adwin.mean - sum / Double(index)) < 1e-12)
        #expect(adwin.buckets <= 5 * 17)
      }
    }
  }

  /// The test at every place of a window of single values, as plainly as the paper has it.
  private func cutOf(_ values: [Double], delta: Double) -> Bool {
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
    let range = (values.max() ?? 0) - (values.min() ?? 0)
    let confidence = PortableMath.log(2 * PortableMath.log(n) / delta)
    for older in 5...(values.count - 5) {
      let before = values[..<older].reduce(0, +) / Double(older)
      let after = values[older...].reduce(0, +) / (n - Double(older))
      let inverse = 1 / Double(older) + 1 / (n - Double(older))
      let threshold = (2 * variance * confidence * inverse).squareRoot() + 2 / 3 * range * confidence * inverse
      if abs(before - after) > threshold { return true }
    }
    return false
  }

  @Test("with as many buckets as values it is the plain test", arguments: 1...40 as ClosedRange<UInt64>)
  func plain(seed: UInt64) {
    var settings = Adwin.Settings()
    settings.bucketsPerSize = 64
    var adwin = Adwin(settings)
    var random = SplitMix64(seed: seed)
    var values: [Double] = []
    // While no two values share a bucket; the logarithm's n is rounded down by up to a sixteenth.
    for index in 0..<64 {
      values.append(Double(random.nextNearlyNormal()) + (index < 32 ? 0 : 2))
      let change = adwin.add(values[index])
      guard values.count >= 10 else { continue }
      if cutOf(values, delta: 0.001) { #expect(change != nil, "seed \(seed), value \(index)") }
      if !cutOf(values, delta: 0.00115) { #expect(change == nil, "seed \(seed), value \(index)") }
      if change != nil { return }
    }
  }

  @Test("gives the same answers in any unit", arguments: [0x1p-60, 0x1p-7, 0x1p90])
  func unit(scale: Double) {
    var random = SplitMix64(seed: 9)
    var one = Adwin()
    var other = Adwin()
    for index in 0..<3000 {
      let value = Double(random.nextNearlyNormal()) + (index / 1000 == 1 ? 1 : 0)
      let change = one.add(value)
      #expect(change?.began == other.add(value * scale)?.began)
    }
    #expect(one.width < 2500)
  }

  @Test("tells one change once")
  func once() {
    var changes = 0
    for seed in 1...50 as ClosedRange<UInt64> {
      var random = SplitMix64(seed: seed)
      var adwin = Adwin()
      changes += adwin.changes(in: (0..<3000).map { random.nextUnit() < ($0 < 1500 ? 0.1 : 0.3) ? 1 : 0 }).count
    }
    #expect((50...65).contains(changes), "\(changes) changes, seeds 1 … 50")
  }

  @Test("refuses settings that mean nothing")
  func settings() {
    var settings = Adwin.Settings()
    settings.delta = .nan
    settings.bucketsPerSize = 1
    settings.sideMin = 0
    settings.every = -1
    #expect(settings.problems.count == 4)
  }
}
