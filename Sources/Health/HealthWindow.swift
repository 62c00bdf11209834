import Vocabulary

/// What is known of a model over one window, between two checkpoints.
public struct HealthWindow: Sendable {
  /// How its predictions met the labels of the window, each made before the record was learned.
  public struct Score: Sendable, Hashable {
    /// Labelled records.
    public var records: Int64
    /// The task's loss a record; nil: nothing was labelled.
    public var loss: Double?
    /// What the best constant prediction would lose on the same records.
    public var priorLoss: Double?
    /// Expected calibration error, 0 … 1; nil: the task has none.
    public var calibrationError: Double?

    public init(records: Int64, loss: Double? = nil, priorLoss: Double? = nil, calibrationError: Double? = nil) {
      self.records = records
      self.loss = loss
      self.priorLoss = priorLoss
      self.calibrationError = calibrationError
    }
  }

  public var layers: [LayerHealth]
  public var fields: FieldReport?
  public var score: Score
  /// Of the windows before it of the same lineage, the newest first.
  public var before: [Score]
  /// Where the loss became another one within the window; nil: nobody watched.
  public var lossShifts: [LossWatch.Shift]?
  /// Nothing of the lineage lies before it.
  public var isFirst: Bool
  /// Of the version that serves, over the window it was made of; nil: none serves.
  public var baseline: [LayerHealth]?

  public init(
    layers: [LayerHealth] = [], fields: FieldReport? = nil, score: Score = Score(records: 0), before: [Score] = [],
    lossShifts: [LossWatch.Shift]? = nil, isFirst: Bool = false, baseline: [LayerHealth]? = nil
  ) {
    self.layers = layers
    self.fields = fields
    self.score = score
    self.before = before
    self.lossShifts = lossShifts
    self.isFirst = isFirst
    self.baseline = baseline
  }
}
