import Health
import Testing
import Vocabulary

/// What every rule of the book keeps to; a new one needs an example that it fails.
@Suite("Every health rule")
struct RuleConformanceTests {
  /// Two hidden layers of ten units over a thousand rows, a feature, and thirty windows that get better.
  static func healthy(_ change: (inout HealthWindow) -> Void = { _ in }) -> HealthWindow {
    func layer(_ name: String) -> LayerHealth {
      var sketch = ActivationSketch(units: 10)
      var random = SplitMix64(seed: 4)
      for _ in 0..<10_000 { sketch.add(Float(random.nextUnit() * 2 - 0.5), isSampled: true) }
      sketch.unitActivity = Array(repeating: 500, count: 10)
      return LayerHealth(
        layer: name, sketch: sketch, gradientSquaredNormSum: 100, steps: 100, weightNorm: 10, updateNormSum: 1)
    }
    var field = FieldReport.Field(
      name: "a", path: "x.a", isFeature: true, total: .init(records: 100_000, missing: 1000),
      window: .init(records: 5000, missing: 50))
    field.values = ValueRows(
      feature: "a", own: 5, ownRows: 10, hashed: 50, hashedRows: 1000, sharing: 0.05, displaced: 0)
    field.scale = NumberScale(feature: "a", count: 99_000, mean: 3, deviation: 2)
    var fieldBefore = field
    fieldBefore.scale?.count = 94_050
    let scores = (0..<31).map {
      HealthWindow.Score(
        records: 5000, loss: 0.5 + 0.002 * Double($0), priorLoss: 0.65, learnedLoss: 0.5 + 0.002 * Double($0),
        stableLoss: 0.55,
        calibrationError: 0.02, labelDelays: delays(bucket: 12), labels: .init(records: 5000, missing: 50),
        relearned: LearnedLoss(records: 500, before: 1 << 28, after: 1 << 28 - 1 << 23))
    }
    var window = HealthWindow(
      layers: [layer("hidden_1"), layer("hidden_2")], fields: FieldReport(records: 100_000, fields: [field]),
      score: scores[0], before: Array(scores.dropFirst()), lossShifts: [], stableShifts: [], isFirst: true,
      baseline: [layer("hidden_1"), layer("hidden_2")], drift: drift { _, _ in })
    let traces = window.layers.map { layer in
      var trace = LayerTrace(layer)
      trace.weightNorm *= 0.99
      return trace
    }
    window.layersBefore = Array(repeating: traces, count: 10)
    window.silence = StreamSilence(seconds: 60, longestBefore: 3600, knownSeconds: 1e6)
    window.fieldsBefore = FieldReport(records: 95_000, fields: [fieldBefore])
    window.costs = costs
    window.costsBefore = Array(repeating: costs, count: 4)
    change(&window)
    return window
  }

  /// As a stream's layers take it: most of it goes into products.
  static let costs = ["hidden_1", "hidden_2", "embeddings"].map { layer in
    LayerCost(
      layer: layer, steps: 30, forward: 90_000, backward: 180_000, update: 90_000,
      elementwise: layer == "embeddings" ? 0 : 40_000, activationBytes: 1 << 14)
  }

  private static func delays(bucket: Int) -> DelaySketch {
    var delays = DelaySketch()
    delays.add(5000, bucket: bucket)
    return delays
  }

  private static let baseline = DriftBaseline(SampledStream().windows(8, of: 3000), falseAlarms: 1e-4)

  /// Records that lie beside those of the version that serves, each changed.
  private static func drift(_ change: @escaping (inout SplitMix64, inout [RowCell]) -> Void) -> DriftWindow? {
    var stream = SampledStream()
    stream.cells = { random, record in
      var cells = SampledStream.usual(&random, record)
      change(&random, &cells)
      return cells
    }
    return baseline.flatMap { DriftWindow(topic: "flights", [stream.window(50_000..<53_000)], baseline: $0) }
  }

  /// A window that the rule fails, and what for.
  static func sick(_ rule: HealthRule) -> (window: HealthWindow, subject: String) {
    func layer(_ change: (inout LayerHealth) -> Void) -> (HealthWindow, String) {
      (healthy { change(&$0.layers[1]) }, "hidden_2")
    }
    func stream(_ change: (inout HealthWindow) -> Void) -> (HealthWindow, String) {
      (healthy(change), HealthFinding.stream)
    }
    func field(_ change: (inout FieldReport.Field) -> Void) -> (HealthWindow, String) {
      (healthy { if $0.fields != nil { change(&$0.fields!.fields[0]) } }, "a")
    }
    func records(
      _ subject: String, _ change: @escaping (inout SplitMix64, inout [RowCell]) -> Void
    ) -> (HealthWindow, String) {
      (healthy { $0.drift = drift(change) }, subject)
    }
    switch rule {
    case .nonFinite: return layer { $0.sketch.nonFinite = 1 }
    case .deadUnits: return layer { $0.sketch.unitActivity = Array(repeating: 0, count: 10) }
    case .saturated: return layer { $0.sketch.saturated = 9900 }
    case .allZero: return layer { $0.sketch.zeros = 10_000 }
    case .zeroShare: return layer { $0.sketch.zeros = 9600 }
    case .tailMass: return layer { $0.sketch.buckets[63] = 500 }
    case .explodingGradient: return layer { $0.gradientSquaredNormSum = 1e9 }
    case .vanishingGradient: return layer { $0.gradientSquaredNormSum = 1e-20 }
    case .updateRatio: return layer { $0.updateNormSum = 600 }
    case .unchangedWeights: return layer { $0.updateNormSum = 0 }
    case .gradientShift: return layer { $0.gradientSquaredNormSum *= 64 }
    case .updateShift: return layer { $0.updateNormSum /= 1000 }
    case .poorInitialization: return layer { ($0.sketch.sum, $0.sketch.sumOfSquares) = (0, 1e12) }
    case .drift: return layer { $0.sketch.buckets = $0.sketch.buckets.reversed() }
    case .lossDrift:
      return stream { $0.lossShifts = [LossWatch.Shift(since: 40, noticed: 60, before: 0.5, after: 0.7)] }
    case .conceptDrift:
      return stream {
        $0.stableShifts = [
          LossWatch.Shift(since: 40, noticed: 60, before: 0.5, after: 1.7)
        ]
      }
    case .lossSpike: return stream { $0.score.loss = 3 }
    case .diverging:
      return stream { window in
        window.score.loss = 2
        for place in 0..<2 { window.before[place].loss = 2 }
      }
    case .lossNotDecreasing:
      return stream { window in
        window.score.loss = 0.66
        for place in window.before.indices { window.before[place].loss = 0.66 }
      }
    case .lossTooGood: return stream { ($0.score.loss, $0.score.learnedLoss) = (0.05, 0.05) }
    case .lossApart: return stream { $0.score.learnedLoss = 0.4 }
    case .calibration: return stream { $0.score.calibrationError = 0.3 }
    case .missingFeature: return field { $0.window.missing = 5000 }
    case .featureGone: return field { $0.window.missing = 4000 }
    case .unknownValues: return field { $0.window.unknown = 4900 }
    case .clippedValues: return field { $0.window.clipped = 4900 }
    case .wildValues: return field { $0.window.wild = 4900 }
    case .sharedRows: return field { $0.values?.sharing = 0.9 }
    case .normalizerStalled: return field { $0.scale?.count = 94_050 }
    case .featureDrift: return records("dist") { _, cells in cells[2] = RowCell(cells[2].number + 300) }
    case .featureConstant: return records("dist") { _, cells in cells[2] = RowCell(-1) }
    case .unitChange: return records("dist") { _, cells in cells[2] = RowCell(cells[2].number * 1000) }
    case .repeatedRecords:
      return records(HealthFinding.stream) { random, cells in
        cells[2] = RowCell(Float(random.next() % 60))
      }
    case .labelDrift:
      return records(HealthFinding.stream) { random, cells in cells[0] = RowCell(random.nextUnit() < 0.7 ? 1 : 0) }
    case .hotSpot:
      return (
        healthy { window in
          func burn(_ cost: inout LayerCost) {
            cost.forward += 700_000
            cost.elementwise += 700_000
          }
          burn(&window.costs[1])
          for place in window.costsBefore.indices { burn(&window.costsBefore[place][1]) }
        }, "hidden_2"
      )
    case .predictionDrift:
      return records(HealthFinding.stream) { _, cells in cells[1] = RowCell(cells[1].number + 0.3) }
    case .labelDelay: return stream { $0.score.labelDelays = delays(bucket: 16) }
    case .overfitting:
      return stream { $0.score.relearned = LearnedLoss(records: 500, before: 1 << 28, after: 1 << 26) }
    case .stalledStream: return stream { $0.silence?.seconds = 36_000 }
    }
  }

  private func findings(_ rule: HealthRule, _ window: HealthWindow, _ policy: HealthPolicy = HealthPolicy())
    -> [HealthFinding]
  {
    examine(window, policy: policy).filter { $0.rule == rule.rawValue }
  }

  @Test("has a place in the book under its own name, and says what it means and where its threshold comes from")
  func book() {
    #expect(RuleBook.all.map(\.name) == HealthRule.allCases)
    for rule in RuleBook.all {
      #expect(!rule.meaning.isEmpty && !rule.source.isEmpty && rule.threshold(HealthLimits()).isFinite)
    }
  }

  @Test("passes a healthy window, for each layer, feature or stream that it looks at")
  func passes() {
    for finding in examine(Self.healthy()) { #expect(finding.verdict == .pass, "\(finding)") }
    #expect(Set(examine(Self.healthy()).map(\.rule)) == Set(HealthRule.allCases.map(\.rawValue)))
  }

  @Test(
    "fails a sick one, with what it saw and the threshold, for that layer or feature only",
    arguments: HealthRule.allCases)
  func fails(rule: HealthRule) throws {
    let (window, subject) = Self.sick(rule)
    let failed = findings(rule, window).filter { $0.verdict == .fail }
    let finding = try #require(failed.first)
    #expect(failed.count == 1 && (finding.feature ?? finding.layer) == subject)
    #expect(finding.observed.isFinite && finding.observed != finding.threshold)
    #expect(finding.sentence.hasPrefix(rule.rawValue) && finding.action == RuleBook.rule(rule).action)
  }

  @Test(
    "is lenient where a pipeline says so, of all or of one, and silent where it is off", arguments: HealthRule.allCases)
  func settings(rule: HealthRule) throws {
    let (window, subject) = Self.sick(rule)
    let finding = try #require(findings(rule, window).first { $0.verdict == .fail })
    let isBelow = finding.observed < finding.threshold
    let lenient = isBelow ? finding.observed / 2 - 1e-30 : finding.observed * 2
    func verdicts(_ settings: [HealthPolicy.Setting]) -> [Verdict] {
      findings(rule, window, HealthPolicy(settings: settings)).map(\.verdict)
    }
    #expect(!verdicts([.init(rule: rule, threshold: lenient)]).contains(.fail))
    #expect(!verdicts([.init(rule: rule, subject: subject, threshold: lenient)]).contains(.fail))
    // What is said of another, or of all but outweighed by what is said of this one, changes nothing.
    #expect(verdicts([.init(rule: rule, subject: "elsewhere", threshold: lenient)]).contains(.fail))
    let strict = HealthPolicy.Setting(rule: rule, subject: subject, threshold: finding.threshold)
    #expect(verdicts([strict, .init(rule: rule, threshold: lenient)]).contains(.fail))
    #expect(verdicts([.init(rule: rule, action: .off)]).isEmpty)
    let paged = findings(rule, window, HealthPolicy(settings: [.init(rule: rule, subject: subject, action: .page)]))
    #expect(paged.first { $0.verdict == .fail }?.action == .page)
  }

  @Test("fails nothing on an empty window, and on one of a single value", arguments: HealthRule.allCases)
  func little(rule: HealthRule) {
    for window in [
      HealthWindow(),
      HealthWindow(
        layers: [LayerHealth(layer: "hidden_1", sketch: ActivationSketch(units: 3))], isFirst: true, baseline: []),
      Self.healthy { window in
        for place in window.layers.indices {
          window.layers[place] = LayerHealth(layer: "hidden_\(place)", sketch: ActivationSketch(units: 1))
        }
        window.score = HealthWindow.Score(records: 1, loss: 0.7, priorLoss: 0.7, calibrationError: 0.5)
        window.before = []
        window.fields?.fields[0].total = .init(records: 1, missing: 1)
        window.fields?.fields[0].window = .init(records: 1, missing: 1)
      },
    ] {
      let failed = findings(rule, window).filter { $0.verdict == .fail }
      #expect(failed.isEmpty, "\(failed)")
    }
  }

  @Test("takes NaN, infinity and numbers at the end of their range without a trap", arguments: HealthRule.allCases)
  func hostile(rule: HealthRule) {
    for value in [Double.nan, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude, 1e38] {
      var window = Self.healthy()
      for place in window.layers.indices {
        window.layers[place].sketch.sum = value
        window.layers[place].sketch.sumOfSquares = value
        window.layers[place].gradientSquaredNormSum = value
        window.layers[place].updateNormSum = value
        window.layers[place].weightNorm = value
      }
      window.score.loss = value
      window.score.priorLoss = value
      window.score.calibrationError = value
      for place in window.before.indices { window.before[place].loss = value }
      _ = findings(rule, window)
      window.layers[0].sketch.count = 0
      window.layers[1].sketch.nonFinite = window.layers[1].sketch.count
      _ = findings(rule, window)
    }
  }

  @Test("a setting of a layer that there is none of is told, with those that there are")
  func strangers() {
    let policy = HealthPolicy(settings: [
      .init(rule: .deadUnits, subject: "hiden_1", threshold: 0.5),
      .init(rule: .missingFeature, subject: "a", action: .note),
    ])
    let remarks = policy.remarks(on: examine(Self.healthy(), policy: policy))
    #expect(remarks == ["dead_units looks at nothing called hiden_1, but at hidden_1, hidden_2"])
  }
}
