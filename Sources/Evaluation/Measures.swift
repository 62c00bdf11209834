/// What is told of a stream of predictions, in numbers that are all finite: nil where the task has no such measure, nothing
/// was seen, or the figure is not a number.
public struct Measures: Sendable, Hashable, Codable {
  /// Labelled records.
  public var records: Int64
  /// Sum of their weights, by which all that follows counts them; nil: each counts 1.
  public var weight: Double?
  /// The task's loss per record: log loss, cross-entropy, or the loss that a value is learned with, in its unit.
  public var loss: Double?
  /// What the best constant would lose on the same records.
  public var priorLoss: Double?
  /// Binary tasks.
  public var auc: Double?
  public var brier: Double?
  /// Expected calibration error, in 0 … 1.
  public var calibrationError: Double?
  /// Observed over predicted positives.
  public var observedToPredicted: Double?
  /// Binary and multiclass tasks.
  public var accuracy: Double?
  /// Multiclass tasks.
  public var macroF1: Double?
  /// Values, in the label's unit.
  public var mae: Double?
  public var rmse: Double?
  public var rSquared: Double?

  public init(_ metrics: StreamMetrics) {
    func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
    records = metrics.records
    weight = metrics.weightSum.flatMap(finite)
    loss = finite(metrics.meanLoss)
    priorLoss = finite(metrics.priorLoss)
    auc = finite(metrics.auc)
    brier = finite(metrics.brier)
    calibrationError = finite(metrics.calibration)
    observedToPredicted = finite(metrics.observedToPredicted)
    accuracy = finite(metrics.accuracy)
    macroF1 = finite(metrics.macroF1)
    mae = finite(metrics.mae)
    rmse = finite(metrics.rmse)
    rSquared = finite(metrics.rSquared)
  }
}
