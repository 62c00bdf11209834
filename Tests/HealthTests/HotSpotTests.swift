import Health
import Testing
import Vocabulary

@Suite("Hot spots")
struct HotSpotTests {
  /// A window whose second layer takes so much, of which so much beside its products.
  private func window(_ nanoseconds: Int64, elementwise: Int64, steps: Int64 = 30) -> [LayerCost] {
    var costs = RuleConformanceTests.costs
    costs[1].forward = nanoseconds
    costs[1].elementwise = elementwise
    for place in costs.indices { costs[place].steps = steps }
    return costs
  }

  /// - Parameter windows: The newest first.
  private func verdict(_ windows: [[LayerCost]]) -> Verdict? {
    var window = HealthWindow()
    (window.costs, window.costsBefore) = (windows[0], Array(windows.dropFirst()))
    return examine(window).first { $0.rule == "hot_spot" && $0.layer == "hidden_2" }?.verdict
  }

  private var usual: [LayerCost] { window(90_000, elementwise: 40_000) }
  private var hot: [LayerCost] { window(900_000, elementwise: 800_000) }

  @Test("a layer that is large for a good reason is none: its time is in its products")
  func large() {
    #expect(verdict(Array(repeating: window(9_000_000, elementwise: 800_000), count: 3)) == .pass)
    #expect(verdict(Array(repeating: hot, count: 3)) == .fail)
  }

  @Test("one window or two in which something else had the machine are none")
  func chance() {
    #expect(verdict([hot, usual, hot]) == .pass)
    #expect(verdict([usual, hot, hot]) == .pass)
    #expect(verdict([hot, hot]) == .inconclusive)
    #expect(verdict([hot, window(900_000, elementwise: 800_000, steps: 9), hot]) == .inconclusive)
  }

  @Test("it says what the layer takes, of how much")
  func sentence() throws {
    var window = HealthWindow()
    (window.costs, window.costsBefore) = (hot, [hot, hot])
    let found = try #require(examine(window).first { $0.rule == "hot_spot" && $0.verdict == .fail })
    #expect(found.layer == "hidden_2" && found.action == .note)
    #expect(
      found.sentence
        == "hot_spot: layer hidden_2 takes 61.9 % of a step's time, and 42.3 % beside its products, as activations do: "
        + "26.67 µs of 63 µs, over 30 steps that were timed")
  }

  @Test("what ranks and windows took adds up by name, and comes back from its bytes")
  func sums() throws {
    var costs = usual
    costs.merge(Array(hot.reversed()) + [LayerCost(layer: "wide", steps: 1, update: 3)])
    #expect(costs.map(\.layer) == ["hidden_1", "hidden_2", "embeddings", "wide"])
    #expect(costs[1].steps == 60 && costs[1].forward == 990_000 && costs[1].elementwise == 840_000)
    #expect(costs[1].activationBytes == 1 << 14)
    var bytes: [UInt8] = []
    costs.encode(into: &bytes)
    #expect(try [LayerCost].decode(from: bytes) == costs)
    for count in bytes.indices {
      #expect(throws: DamagedBytes.self) { try [LayerCost].decode(from: Array(bytes.prefix(count))) }
    }
  }
}
