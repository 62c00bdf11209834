import Testing
import Worker

@Suite("Rate of non-finite records")
struct NonFiniteRateTests {
  /// Adds `records` records of which one in `every` is bad, a thousand a step; whether the budget was ever exceeded.
  private func exceeds(every: Int64, records: Int64, budget: Int) -> Bool {
    var rate = NonFiniteRate()
    for consumed in stride(from: Int64(1000), through: records, by: 1000) {
      rate.add(total: consumed / every, consumed: consumed, budget: budget)
      if rate.exceeds(budget) { return true }
    }
    return false
  }

  @Test("an endless stream with a small share is never halted, one with a larger share is")
  func shares() {
    #expect(!exceeds(every: 1001, records: 100_000_000, budget: 100))
    #expect(exceeds(every: 900, records: 2_000_000, budget: 100))
  }

  @Test("a burst above the budget exceeds it at once, one below it never")
  func bursts() {
    var rate = NonFiniteRate()
    rate.add(total: 0, consumed: 1_000_000, budget: 100)
    rate.add(total: 100, consumed: 1_000_100, budget: 100)
    #expect(!rate.exceeds(100))
    rate.add(total: 101, consumed: 1_000_101, budget: 100)
    #expect(rate.exceeds(100))
  }

  @Test("what is allowed comes back with the records, and a budget of none allows none")
  func drains() {
    var rate = NonFiniteRate()
    rate.add(total: 100, consumed: 100, budget: 100)
    rate.add(total: 150, consumed: 60_100, budget: 100)
    #expect(!rate.exceeds(100))
    var strict = NonFiniteRate()
    strict.add(total: 1, consumed: 10, budget: 0)
    #expect(strict.exceeds(0))
  }

  @Test("a lineage that was halted may be started again: what was before is forgiven")
  func begins() {
    var rate = NonFiniteRate()
    rate.begin(total: 5000, consumed: 10_000)
    rate.add(total: 5001, consumed: 10_100, budget: 100)
    #expect(!rate.exceeds(100))
  }
}
