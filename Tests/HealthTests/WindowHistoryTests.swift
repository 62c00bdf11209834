import Health
import Testing
import Vocabulary

@Suite("Windows beside those before them")
struct WindowHistoryTests {
  private func window(_ number: Int, update: Double = 1, learned: Double? = nil) -> HealthWindow {
    let layer = LayerHealth(
      layer: "hidden_1", sketch: ActivationSketch(units: 1), gradientSquaredNormSum: 100, steps: 100,
      weightNorm: 10 + Double(number), updateNormSum: 100 * update)
    var field = FieldReport.Field(
      name: "a", path: "a", isFeature: true, total: .init(records: Int64(number + 1) * 5000),
      window: .init(records: 5000))
    field.scale = NumberScale(feature: "a", count: Double(number + 1) * 5000, mean: 0, deviation: 1)
    var window = HealthWindow(
      layers: [layer], fields: FieldReport(records: field.total.records, fields: [field]),
      score: HealthWindow.Score(records: 5000, loss: 0.5, priorLoss: 0.7, learnedLoss: learned ?? 0.5))
    window.costs = [LayerCost(layer: "hidden_1", steps: 30, forward: Int64(1000 + number))]
    return window
  }

  /// Looks at windows one after the other; what the rule says of the last.
  private func verdicts(_ rule: HealthRule, _ windows: [HealthWindow]) -> [Verdict] {
    var history = WindowHistory()
    var last = HealthWindow()
    for window in windows {
      last = window
      history.put(&last)
    }
    return examine(last).filter { $0.rule == rule.rawValue }.map(\.verdict)
  }

  @Test("each has those before it, the newest first, and no more than are looked at")
  func order() {
    var history = WindowHistory()
    for number in 0..<60 {
      var window = window(number)
      history.put(&window)
      #expect(window.before.count == min(number, WindowHistory.scoresMax))
      #expect(window.layersBefore.count == min(number, WindowHistory.layersMax))
      #expect(window.layersBefore.first?[0].weightNorm == (number > 0 ? 9 + Double(number) : nil))
      #expect(window.costsBefore.count == min(number, WindowHistory.costsMax))
      #expect(window.fieldsBefore?.records == (number > 0 ? Int64(number) * 5000 : nil))
    }
  }

  @Test("one that is read from tables goes on as the one that saw the windows pass")
  func resumed() {
    var seen = WindowHistory()
    for number in 0..<50 {
      var window = window(number)
      seen.put(&window)
    }
    let numbers = (0..<50).reversed()
    var read = WindowHistory(
      scores: numbers.map { window($0).score }, layers: numbers.map { window($0).layers },
      costs: numbers.map { window($0).costs }, fields: window(49).fields)
    var (one, other) = (window(50), window(50))
    seen.put(&one)
    read.put(&other)
    #expect(one.before == other.before && one.layersBefore == other.layersBefore)
    #expect(one.fieldsBefore == other.fieldsBefore && one.costsBefore == other.costsBefore)
  }

  @Test("updates that are a fifth of what they were fail, a half is no news, and few windows say nothing")
  func updates() {
    let usual = (0..<10).map { window($0, update: 1 + 0.05 * Double($0 % 3)) }
    #expect(verdicts(.updateShift, usual + [window(10, update: 0.2)]) == [.fail])
    #expect(verdicts(.updateShift, usual + [window(10, update: 5)]) == [.fail])
    #expect(verdicts(.updateShift, usual + [window(10, update: 0.5)]) == [.pass])
    #expect(verdicts(.updateShift, usual.suffix(4) + [window(10, update: 0.2)]) == [.inconclusive])
    // Windows that differ so much by themselves say nothing of one more.
    let wild = (0..<10).map { window($0, update: $0 % 2 == 0 ? 1 : 9) }
    #expect(verdicts(.updateShift, wild + [window(10, update: 0.2)]) == [.pass])
  }

  @Test("two losses that always differed are no fault, and two that begin to are one")
  func apart() {
    // As where a model is learned by another loss than it is measured by.
    let usual = (0..<10).map { window($0, learned: 0.3 + 0.0001 * Double($0)) }
    #expect(verdicts(.lossApart, usual + [window(10, learned: 0.3)]) == [.pass])
    #expect(verdicts(.lossApart, usual + [window(10, learned: 0.5)]) == [.fail])
  }

  @Test("a scale that takes in its records passes, one that stands still or begins anew fails")
  func scales() {
    var (still, anew) = (window(3), window(3))
    still.fields?.fields[0].scale?.count = 15_000
    anew.fields?.fields[0].scale?.count = 64
    let usual = (0..<3).map { window($0) }
    #expect(verdicts(.normalizerStalled, usual + [window(3)]) == [.pass])
    #expect(verdicts(.normalizerStalled, usual + [still]) == [.fail])
    #expect(verdicts(.normalizerStalled, usual + [anew]) == [.fail])
    // Of the first records anything may be the scale.
    var young = window(0)
    young.fields?.fields[0].scale?.count = 100
    #expect(verdicts(.normalizerStalled, [young, still]) == [.inconclusive])
  }

  @Test("weights that are, to the last bit, what they were, were not updated, whatever is said of updates")
  func weights() {
    var same = window(1)
    same.layers[0].weightNorm = 10
    #expect(verdicts(.unchangedWeights, [window(0), same]) == [.fail])
    #expect(verdicts(.unchangedWeights, [window(0), window(1)]) == [.pass])
  }
}
