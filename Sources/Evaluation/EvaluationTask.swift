/// What a model predicts, and so how it is measured.
public enum EvaluationTask: Sendable, Hashable, Codable {
  /// One output a record: the probability of label 1.
  case binary
  /// This many outputs a record: the probabilities of the classes.
  case multiclass(Int)
  /// One output a record: the value, in the label's unit.
  case regression

  /// Outputs a record.
  public var outputCount: Int {
    if case .multiclass(let classes) = self { classes } else { 1 }
  }
}
