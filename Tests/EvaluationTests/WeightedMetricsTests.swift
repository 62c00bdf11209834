import Evaluation
import Foundation
import Testing
import Vocabulary

@Suite("Measures by weight")
struct WeightedMetricsTests {
  private static let tasks: [EvaluationTask] = [
    .binary, .multiclass(3), .regression, .huber(delta: 1), .quantile(level: 0.3), .poisson,
  ]

  /// Records of a task, with whole weights and 0.
  private static func records(_ task: EvaluationTask, _ count: Int = 600) -> (
    outputs: [Float], labels: [Float], weights: [Float]
  ) {
    var random = SplitMix64(seed: 4)
    var (outputs, labels, weights) = ([Float](), [Float](), [Float]())
    for row in 0..<count {
      weights.append(Float(row % 4))
      switch task {
      case .binary:
        outputs.append(Float(random.nextUnit()) * 0.98 + 0.01)
        labels.append(random.nextUnit() < Double(outputs[row]) ? 1 : 0)
      case .multiclass:
        let (a, b) = (Float(random.nextUnit()) + 0.1, Float(random.nextUnit()) + 0.1)
        outputs += [a / (a + b + 0.5), b / (a + b + 0.5), 0.5 / (a + b + 0.5)]
        labels.append(Float(Int(random.nextUnit() * 3)))
      default:
        outputs.append(Float(random.nextUnit() * 4) + 0.1)
        labels.append((Float(random.nextUnit() * 5)).rounded())
      }
    }
    return (outputs, labels, weights)
  }

  @Test("a record of weight 3 counts as three do, one of weight 0 as none", arguments: tasks)
  func repeated(task: EvaluationTask) throws {
    let (outputs, labels, weights) = Self.records(task)
    var (heavy, many) = (StreamMetrics(task: task), StreamMetrics(task: task))
    heavy.add(outputs: outputs, labels: labels, weights: weights, count: labels.count)
    let width = task.outputCount
    for row in labels.indices {
      for _ in 0..<Int(weights[row]) {
        many.add(outputs: Array(outputs[row * width..<(row + 1) * width]), labels: [labels[row]], count: 1)
      }
    }
    #expect(heavy.records == Int64(labels.count) && heavy.weight == Double(many.records))
    func near(_ path: KeyPath<StreamMetrics, Double?>, _ bound: Double = 1e-9) {
      switch (heavy[keyPath: path], many[keyPath: path]) {
      case (nil, nil): break
      case (let mine?, let theirs?): #expect(abs(mine - theirs) <= bound * max(1, abs(theirs)), "\(path)")
      default: Issue.record("\(path) is there in one only")
      }
    }
    for path in [
      \.meanLoss, \.auc, \.accuracy, \.macroF1, \.brier, \.calibration, \.observedToPredicted, \.positiveShare, \.mae,
      \.rmse, \.rSquared,
    ] as [KeyPath<StreamMetrics, Double?>] { near(path) }
    // Of Huber and quantile a sketch tells, whose groups are others where labels come in another number.
    near(\.priorLoss, task.isRegression ? 0.02 : 1e-9)
    #expect(heavy.meanLoss != nil && heavy.priorLoss != nil)
  }

  @Test("weighted measures survive both codings, and merge", arguments: tasks)
  func coding(task: EvaluationTask) throws {
    let (outputs, labels, weights) = Self.records(task)
    let halves = weights.map { $0 / 2 + 0.1 }
    var (whole, first, second) = (StreamMetrics(task: task), StreamMetrics(task: task), StreamMetrics(task: task))
    whole.add(outputs: outputs, labels: labels, weights: halves, count: 600)
    first.add(outputs: outputs, labels: labels, weights: halves, count: 300)
    let width = task.outputCount
    second.add(
      outputs: Array(outputs[(300 * width)...]), labels: Array(labels[300...]), weights: Array(halves[300...]),
      count: 300)
    first.merge(second)
    #expect(abs((first.meanLoss ?? 0) - (whole.meanLoss ?? 1)) < 1e-12 && first.records == 600)
    var bytes: [UInt8] = []
    whole.encode(into: &bytes)
    #expect(try StreamMetrics(decoding: bytes) == whole)
    let json = try JSONDecoder().decode(StreamMetrics.self, from: JSONEncoder().encode(whole))
    #expect(json == whole)
    #expect(Measures(whole).weight == whole.weight)
  }

  @Test("without weights the compact form is the one of before")
  func unweighted() throws {
    var metrics = StreamMetrics(task: .binary)
    metrics.add(outputs: [0.8, 0.3], labels: [1, 0], weights: [1, 1], count: 2)
    var bytes: [UInt8] = []
    metrics.encode(into: &bytes)
    #expect(bytes[0] == 1 && metrics.weightSum == nil && Measures(metrics).weight == nil)
  }

  @Test("a pair's weight makes the mean, and is no evidence of its own")
  func pairs() throws {
    var random = SplitMix64(seed: 9)
    var (heavy, plain, many) = (PairedDifference(), PairedDifference(), PairedDifference())
    for row in 0..<400 {
      let (candidate, weight) = (random.nextUnit(), Double(row % 3))
      heavy.add(candidate: candidate, baseline: 0.4, weight: weight)
      if weight > 0 { plain.add(candidate: candidate, baseline: 0.4) }
      for _ in 0..<Int(weight) { many.add(candidate: candidate, baseline: 0.4) }
    }
    #expect(heavy.count == plain.count && abs(heavy.mean - many.mean) < 1e-12)
    // All of one weight: nothing but the plain pairs.
    var same = PairedDifference()
    var random2 = SplitMix64(seed: 9)
    var single = PairedDifference()
    for _ in 0..<400 {
      let candidate = random2.nextUnit()
      same.add(candidate: candidate, baseline: 0.4, weight: 5)
      single.add(candidate: candidate, baseline: 0.4)
    }
    #expect(abs(same.variance - single.variance) < 1e-12 && abs(same.mean - single.mean) < 1e-12)
    var bytes: [UInt8] = []
    heavy.encode(into: &bytes)
    #expect(try PairedDifference(decoding: bytes) == heavy)
    plain.encode(into: &bytes)
  }

  @Test("a head's loss is the mean by weight, also where weights come later")
  func heads() {
    var tally = HeadLoss.Tally()
    tally.add(records: 2, lossSum: 3)
    tally.add(records: 1, lossSum: 4, weight: 2)
    #expect(tally.mean == 7.0 / 4)
  }
}
