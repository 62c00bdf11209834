import Health
import Testing
import Vocabulary

@Suite("Examination")
struct ExaminationTests {
  /// Ten units over a thousand rows, a gradient and updates of an ordinary size.
  private func healthy(_ change: (inout LayerHealth) -> Void = { _ in }) -> LayerHealth {
    var sketch = ActivationSketch(units: 10)
    sketch.count = 10_000
    sketch.unitActivity = Array(repeating: 500, count: 10)
    var health = LayerHealth(
      layer: "hidden.0", sketch: sketch, gradientSquaredNormSum: 100, steps: 100, weightNorm: 10, updateNormSum: 1)
    change(&health)
    return health
  }

  private func verdict(_ rule: HealthRule, _ health: LayerHealth) -> Verdict? {
    examine(HealthWindow(layers: [health])).first { $0.rule == rule.rawValue }?.verdict
  }

  @Test("a healthy layer passes every rule, and says so")
  func passes() {
    let findings = examine(HealthWindow(layers: [healthy()], score: .init(records: 1000)))
    #expect(findings.count == 12)
    // Nothing was sampled, and no window lies before it.
    let waiting: Set = ["tail_mass", "gradient_shift", "update_shift"]
    #expect(findings.allSatisfy { $0.verdict == .pass || waiting.contains($0.rule) })
  }

  @Test("one non-finite element fails the layer, with the count as evidence")
  func nonFinite() throws {
    let finding = try #require(examine(HealthWindow(layers: [healthy { $0.sketch.nonFinite = 3 }])).first)
    #expect(finding.rule == "non_finite")
    #expect(finding.layer == "hidden.0")
    #expect(finding.observed == 3)
    #expect(finding.threshold == 0)
    #expect(finding.verdict == .fail)
  }

  @Test("each rule fails beyond its limit, passes at it, and waits where there is too little evidence")
  func limitsHold() {
    for (dead, expected) in [(9, Verdict.pass), (10, .fail)] {
      let layer = healthy { for unit in 0..<dead { $0.sketch.unitActivity[unit] = 0 } }
      #expect(verdict(.deadUnits, layer) == expected)
    }
    #expect(verdict(.saturated, healthy { $0.sketch.saturated = 9000 }) == .pass)
    #expect(verdict(.saturated, healthy { $0.sketch.saturated = 9001 }) == .fail)
    #expect(verdict(.explodingGradient, healthy { $0.gradientSquaredNormSum = 1e8 }) == .pass)
    #expect(verdict(.explodingGradient, healthy { $0.gradientSquaredNormSum = 1.01e8 }) == .fail)
    #expect(verdict(.vanishingGradient, healthy { $0.gradientSquaredNormSum = 1e-15 }) == .pass)
    #expect(verdict(.vanishingGradient, healthy { $0.gradientSquaredNormSum = 1e-17 }) == .fail)
    #expect(verdict(.updateRatio, healthy { $0.updateNormSum = 500 }) == .pass)
    #expect(verdict(.updateRatio, healthy { $0.updateNormSum = 501 }) == .fail)

    let young = healthy {
      $0.sketch.count = 50
      $0.sketch.unitActivity = Array(repeating: 0, count: 10)
      $0.steps = 2
    }
    for rule in [HealthRule.deadUnits, .saturated, .explodingGradient, .vanishingGradient, .updateRatio] {
      #expect(verdict(rule, young) == .inconclusive)
    }
  }

  @Test("a bias that belongs near zero may move by more than itself, and no layer by half of what inputs are")
  func nearZero() {
    func bias(_ update: Double) -> LayerHealth {
      healthy {
        $0.weightNorm = 0.004
        $0.updateNormSum = update * Double($0.steps)
      }
    }
    #expect(verdict(.updateRatio, bias(0.05)) == .pass)
    #expect(bias(0.05).updateRatio.map { abs($0 - 0.05) < 1e-12 } == true)
    #expect(verdict(.updateRatio, bias(0.51)) == .fail)
    #expect(verdict(.updateRatio, healthy { $0.weightNorm = .nan }) == .fail)
  }

  @Test("a NaN or infinite norm fails whatever the limit and however few the steps", arguments: [1, 100] as [Int64])
  func nonFiniteNorm(steps: Int64) {
    for value in [Double.nan, .infinity] {
      let layer = healthy {
        $0.gradientSquaredNormSum = value
        $0.steps = steps
      }
      #expect(verdict(.explodingGradient, layer) == .fail)
    }
  }

  @Test("nothing is said about units or gradients where there are none")
  func absent() {
    let layer = healthy {
      $0.sketch.unitActivity = []
      $0.steps = 0
    }
    #expect(
      examine(HealthWindow(layers: [layer])).map(\.rule) == ["non_finite", "saturated", "all_zero", "tail_mass"])
  }

  @Test("a shift of the activations fails against the baseline, chance does not, and a small sample waits")
  func drift() {
    func layer(_ count: Int, shift: Double, seed: UInt64) -> LayerHealth {
      var random = SplitMix64(seed: seed)
      var sketch = ActivationSketch()
      for _ in 0..<count { sketch.add(Float(random.nextUnit() - 0.5 + shift), isSampled: true) }
      return LayerHealth(layer: "hidden.0", sketch: sketch)
    }
    let baseline = [layer(5000, shift: 0, seed: 1)]
    func verdict(_ health: LayerHealth, _ baseline: [LayerHealth]) -> Verdict? {
      examine(HealthWindow(layers: [health], baseline: baseline)).first { $0.rule == "drift" }?.verdict
    }
    #expect(verdict(layer(5000, shift: 0, seed: 2), baseline) == .pass)
    #expect(verdict(layer(5000, shift: 0.4, seed: 3), baseline) == .fail)
    #expect(verdict(layer(500, shift: 0.4, seed: 4), baseline) == .inconclusive)
    #expect(verdict(layer(5000, shift: 0, seed: 5), []) == .inconclusive)
  }
}
