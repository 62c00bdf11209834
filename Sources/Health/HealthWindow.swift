public import Vocabulary

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
    /// The loss that was learned by, mean over the steps; nil: nobody watched, or nothing was labelled.
    public var learnedLoss: Double?
    /// The loss of the version that served, mean over the steps; nil: none did.
    public var stableLoss: Double?
    /// Expected calibration error, 0 … 1; nil: the task has none.
    public var calibrationError: Double?
    /// What it averages, in the order of the probability; none where the task has none.
    public var calibrationBands: [CalibrationBand]
    /// How long after their events labels became known; nil: no record of the lineage has said so.
    public var labelDelays: DelaySketch?
    /// What happened to the primary head's labels; nil: nobody counted.
    public var labels: FieldReport.Counts?
    /// What records lost before and right after they were learned; nil: nobody looked.
    public var relearned: LearnedLoss?

    public init(
      records: Int64, loss: Double? = nil, priorLoss: Double? = nil, learnedLoss: Double? = nil,
      stableLoss: Double? = nil, calibrationError: Double? = nil,
      calibrationBands: [CalibrationBand] = [], labelDelays: DelaySketch? = nil,
      labels: FieldReport.Counts? = nil, relearned: LearnedLoss? = nil
    ) {
      self.records = records
      self.loss = loss
      self.learnedLoss = learnedLoss
      self.priorLoss = priorLoss
      self.stableLoss = stableLoss
      self.calibrationError = calibrationError
      self.calibrationBands = calibrationBands
      self.labelDelays = labelDelays
      self.labels = labels
      self.relearned = relearned
    }
  }

  public var layers: [LayerHealth]
  public var fields: FieldReport?
  public var score: Score
  /// Of the windows before it of the same lineage, the newest first.
  public var before: [Score]
  /// The same windows' layers, of fewer of them.
  public var layersBefore: [[LayerTrace]] = []
  /// Of the window before; nil: there is none, or nobody counted.
  public var fieldsBefore: FieldReport?
  /// Where the loss became another one within the window; nil: nobody watched.
  public var lossShifts: [LossWatch.Shift]?
  /// The same of the version that serves, on the same records; nil: none does.
  public var stableShifts: [LossWatch.Shift]?
  /// Which version that is, where it was one all along.
  public var serving: Int64?
  /// Of a window of one version's own, how its answers lie beside another's; nil: it is of what learns, or nobody counted.
  public var answers: AnswersBeside?
  /// Nothing of the lineage lies before it.
  public var isFirst: Bool
  /// Of the version that serves, over the window it was made of; nil: none serves.
  public var baseline: [LayerHealth]?
  /// The window's records beside those that the version that serves was made of; nil: none serves, or it has too few windows.
  public var drift: DriftWindow?
  /// What drift is not looked at for yet, though a version serves; nil: nothing.
  public var driftWait: DriftWait?
  /// By feature the share of records that lacked it before an incident began that it has gone missing; of others all windows before
  /// say it.
  public var usualMissing: [String: Double] = [:]
  /// Each feature, label and prediction, as its sample has it; none: nothing was sampled.
  public var columns: [ColumnSummary] = []
  /// What the layers' work took; none: nobody measured.
  public var costs: [LayerCost] = []
  /// The same of the windows before, the newest first, of a few of them.
  public var costsBefore: [[LayerCost]] = []
  /// Of one that has no records yet, though workers wait for some; nil: it has, or nobody waits.
  public var silence: StreamSilence?

  public init(
    layers: [LayerHealth] = [], fields: FieldReport? = nil, score: Score = Score(records: 0), before: [Score] = [],
    lossShifts: [LossWatch.Shift]? = nil, stableShifts: [LossWatch.Shift]? = nil, isFirst: Bool = false,
    baseline: [LayerHealth]? = nil,
    drift: DriftWindow? = nil
  ) {
    self.layers = layers
    self.fields = fields
    self.score = score
    self.before = before
    self.lossShifts = lossShifts
    self.stableShifts = stableShifts
    self.isFirst = isFirst
    self.baseline = baseline
    self.drift = drift
  }
}
