import Foundation
public import Vocabulary

/// The measures; each is nil where the task has no such measure or nothing was seen. A record counts with its weight.
extension StreamMetrics {
  /// Multiclass tasks: labelled records of each class, by weight and rounded up; nil for others.
  public var classCounts: [Int64]? { multiclass?.counts.map { Int64(tally: $0.rounded(.up)) } }

  /// Log loss, cross-entropy (nats) or the loss of the value (`EvaluationTask`), a record.
  public var meanLoss: Double? { perRecord(lossSum) }

  /// Area under the ROC curve; binary, and only with records of both labels. `ScoreHistogram` bounds the error.
  public var auc: Double? { binary?.scores.areaUnderCurve }

  /// Share of records whose likeliest label was right, in 0 … 1.
  public var accuracy: Double? { (binary?.correct ?? multiclass?.correct).flatMap(perRecord) }

  /// Mean over the classes of each one's F1, the harmonic mean of precision and recall; multiclass. Of classes that were
  /// seen, as label or as prediction, since F1 is counted: a checkpoint of an older program brings no counts.
  public var macroF1: Double? { multiclass?.macroF1 }

  /// Mean squared distance of probability and label; binary.
  public var brier: Double? { (binary?.squaredErrorSum).flatMap(perRecord) }

  /// Expected calibration error over 20 bins of probability, in 0 … 1; binary.
  public var calibration: Double? { binary?.calibrationError }

  /// What `calibration` averages, bin by bin; none without records, or of another task.
  public var calibrationBands: [CalibrationBand] { binary?.calibrationBands ?? [] }

  /// Labels that are 1 over the sum of the predicted probabilities: 1 where the model is right on average, above where it
  /// predicts too little; binary.
  public var observedToPredicted: Double? {
    guard let binary else { return nil }
    let predicted = binary.binProbabilitySums.reduce(0, +)
    return predicted > 0 ? binary.positives / predicted : nil
  }

  /// Share of records with label 1; binary.
  public var positiveShare: Double? { (binary?.positives).flatMap(perRecord) }

  /// Mean absolute error in the label's unit; regression.
  public var mae: Double? { task.isRegression ? perRecord(absoluteErrorSum) : nil }

  /// Root mean squared error in the label's unit; regression.
  public var rmse: Double? { squaredErrorSum.flatMap(perRecord)?.squareRoot() }

  /// Share of the labels' variance that is explained, at most 1; regression. nil where the labels do not vary.
  public var rSquared: Double? {
    guard let labels, let squaredErrorSum, labels.squaredDeviations > 0 else { return nil }
    return 1 - squaredErrorSum / labels.squaredDeviations
  }

  private var squaredErrorSum: Double? { task == .regression ? lossSum : values?.squaredErrorSum }

  /// The mean loss of the best constant prediction, chosen in hindsight from the same labels: their entropy,
  /// their variance, or what the best constant costs by the task's loss.
  ///
  /// A model that does not beat it has learned nothing from the features.
  public var priorLoss: Double? {
    guard weight > 0 else { return nil }
    if let labels { return values.map { $0.priorLoss(task, labels: labels) } ?? labels.variance }
    if let multiclass { return entropy(of: multiclass.counts) }
    return (binary?.positives).map { entropy(of: [$0, weight - $0]) }
  }

  private func entropy(of counts: [Double]) -> Double {
    counts.reduce(0) { sum, count in
      let share = count / weight
      return share > 0 ? sum - share * log(share) : sum
    }
  }

  private func perRecord(_ sum: Double) -> Double? { weight > 0 ? sum / weight : nil }
}
