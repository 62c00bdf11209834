import Evaluation
import Foundation
import Rollouts
import Vocabulary

/// One record, answered by both versions.
struct ZooPair {
  let candidateLoss: Double
  let baselineLoss: Double
  let candidateErrs: Bool
  let baselineErrs: Bool
  let candidateScore: Float
  let baselineScore: Float
  let isPositive: Bool
  /// The logarithm of the candidate's time less that of the baseline's.
  let latency: Double
  let slice: Int
}

/// All that is known of a version of the zoo, and what the family of its comparisons says.
struct ZooJudge {
  let task: EvaluationTask
  let family: Family
  private var loss = PairedDifference()
  /// Since the last look.
  private var news = PairedDifference()
  private var watch = DeclineWatch()
  private var errors = BoundedDifference()
  private var area = PairedArea()
  private var latency = PairedDifference()
  private var slices = [PairedDifference](repeating: PairedDifference(), count: ZooRecord.slices.count)
  private let first: Int64

  /// - Parameters:
  ///   - alpha: Of wrong promotions and of wrong roll backs, each.
  ///   - first: Records before the first look.
  init(_ task: EvaluationTask, alpha: Double, first: Int) {
    self.task = task
    self.first = Int64(first)
    let measures: [ComparedMeasure] =
      switch task {
      case .binary: [.loss, .error, .area, .latency]
      case .multiclass: [.loss, .error, .latency]
      default: [.loss, .latency]
      }
    family = Family(alpha: 2 * alpha, measures: measures, slices: ZooRecord.slices)
  }

  mutating func add(_ pair: ZooPair) {
    news.add(candidate: pair.candidateLoss, baseline: pair.baselineLoss)
    latency.add(candidate: pair.latency, baseline: 0)
    slices[pair.slice].add(candidate: pair.candidateLoss, baseline: pair.baselineLoss)
    if !task.isRegression { errors.add(candidateErrs: pair.candidateErrs, baselineErrs: pair.baselineErrs) }
    if task == .binary {
      area.add(candidate: pair.candidateScore, baseline: pair.baselineScore, isPositive: pair.isPositive)
    }
  }

  /// How much worse a version may be by the loss: half a per cent of what there is to lose.
  static func margin(_ task: EvaluationTask) -> Double { task.isRegression ? 0.02 : 0.005 }

  /// What one look says; nil before the first.
  mutating func look() -> FamilyJudgement? {
    loss.merge(news)
    watch.add(news, margin: Self.margin(task))
    news = PairedDifference()
    if loss.nonFinite > 0 {
      let broken = MeasureComparison(
        measure: .loss, margin: 0, lower: .infinity, upper: .infinity, pairs: loss.nonFinite)
      return FamilyJudgement([broken], family: family)
    }
    guard loss.count >= first else { return nil }
    var comparisons = family.measures.map(compare)
    if let confidence = family.sliceConfidence {
      for (name, pairs) in zip(ZooRecord.slices, slices) {
        let bounds = pairs.confidenceSequence(confidence: confidence, tightestAt: first)
        comparisons.append(
          MeasureComparison(
            measure: .loss, slice: name, margin: 10 * Self.margin(task), lower: bounds.lower, upper: bounds.upper,
            pairs: pairs.count))
      }
    }
    return FamilyJudgement(comparisons, family: family)
  }

  private func compare(_ measure: ComparedMeasure) -> MeasureComparison {
    // The loss is looked at in two ways, each with half of its share.
    let condemning = measure == .loss ? (1 + family.condemningConfidence) / 2 : family.condemningConfidence
    let watchAlpha = (1 - condemning) / 2
    func bounds(_ confidence: Double) -> (lower: Double, upper: Double) {
      switch measure {
      case .loss: loss.confidenceSequence(confidence: confidence, tightestAt: first)
      case .error: errors.confidenceSequence(confidence: confidence)
      case .area: area.confidenceSequence(confidence: confidence)
      case .latency: latency.confidenceSequence(confidence: confidence, tightestAt: first)
      }
    }
    let margin =
      switch measure {
      case .loss: Self.margin(task)
      case .error, .area: 0.02
      case .latency: 0.1
      }
    return MeasureComparison(
      measure: measure, margin: margin, lower: bounds(condemning).lower,
      upper: bounds(family.promotingConfidence).upper,
      pairs: measure == .area ? area.blocks.count : loss.count,
      hasDeclined: measure == .loss && watch.isDeclined(alpha: watchAlpha),
      beganPairsAgo: measure == .loss ? watch.beganPairsAgo : nil)
  }
}
