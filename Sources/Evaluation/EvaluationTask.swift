/// What a model predicts, and so how it is measured: by log loss (classes), or by the loss a value is learned with.
///
/// Class weights, label smoothing and focal loss change what a model learns, not how it is judged: their losses are
/// minimal for other numbers than the true probabilities, so a model could win by answering worse. Log loss is minimal
/// for the true probabilities alone, and compares models that were trained by different losses.
///
/// - Source: Gneiting & Raftery 2007, "Strictly proper scoring rules, prediction, and estimation".
public enum EvaluationTask: Sendable, Hashable, Codable {
  /// One output a record: the probability of label 1.
  case binary
  /// This many outputs a record: the probabilities of the classes.
  case multiclass(Int)
  /// One output a record: the value, in the label's unit; judged by squared error.
  case regression
  /// The value, judged by Huber's loss; delta is in the label's unit.
  case huber(delta: Double)
  /// The quantile of this level, judged by the pinball loss in the label's unit.
  case quantile(level: Double)
  /// The expected count, judged by Poisson's deviance.
  case poisson

  /// Outputs a record.
  public var outputCount: Int {
    if case .multiclass(let classes) = self { classes } else { 1 }
  }

  /// The output is a value in the label's unit.
  public var isRegression: Bool {
    switch self {
    case .binary, .multiclass: false
    case .regression, .huber, .quantile, .poisson: true
    }
  }
}
