/// What one rank's share of a step gave.
public struct LocalStep: Sendable, Hashable {
  /// Rows with a label.
  public var labelled: Int
  /// Sum of the labelled rows' weights: their number, where records have none.
  public var weight: Double
  /// Sum of the labelled rows' losses of the primary head (`Predictor.losses`), each times its weight.
  public var lossSum: Double
  /// No forward, loss or gradient value of this share was NaN or infinite.
  public var isFinite: Bool

  public init(labelled: Int, weight: Double? = nil, lossSum: Double, isFinite: Bool) {
    self.labelled = labelled
    self.weight = weight ?? Double(labelled)
    self.lossSum = lossSum
    self.isFinite = isFinite
  }
}

/// Values of one column of a batch that lay far outside its usual range.
public struct WildValues: Sendable, Hashable {
  public enum Place: Sendable, Hashable {
    /// Index among the numbers: such a value counts as absent.
    case number(Int)
    /// Index of the head: such a label is learned as the bound.
    case label(Int)
  }

  public var place: Place
  public var count: Int
  /// The row of the farthest one, and what it is.
  public var row: Int
  public var value: Float

  package init(place: Place, count: Int, row: Int, value: Float) {
    (self.place, self.count, self.row, self.value) = (place, count, row, value)
  }
}

/// What became of a step.
public struct Update: Sendable, Hashable {
  /// L2 norm of the mean gradient after clipping by value and before clipping by norm, embedding rows included.
  public var gradientNorm: Double
  /// Some value or the norm was over its limit.
  public var wasClipped: Bool
  /// false: a reduced value was NaN or infinite, or the gradient so large that its square would become one, and nothing was
  /// applied.
  public var isFinite: Bool
  /// The gradient was larger than it may be (`Model.gradientNormMax`), and nothing was applied.
  public var isSkipped = false
  /// Parameters took a step along the gradient: there were labels.
  public var tookGradient = false
  /// The learning rate of the dense parameters, before corrections of the optimiser; 0: nothing was updated.
  public var rate = 0.0
  /// Of a part of the state that it left (`StateWatch`); 0: nobody watches.
  public var digest: UInt64

  public init(
    gradientNorm: Double, wasClipped: Bool, isFinite: Bool, isSkipped: Bool = false, digest: UInt64 = 0
  ) {
    self.isSkipped = isSkipped
    self.gradientNorm = gradientNorm
    self.wasClipped = wasClipped
    self.isFinite = isFinite
    self.digest = digest
  }
}

/// A row that alone gives a non-finite forward or gradient value, or one that a sum may overflow by.
public struct NonFiniteRow: Sendable, Hashable {
  /// Index in the batch.
  public var row: Int
  /// The first layer that showed it.
  public var layer: String
  /// The input that caused it, where one alone does.
  public var feature: String?
  /// All its values are numbers, but so large that the sum over a step may be none.
  public var isLarge: Bool

  public init(row: Int, layer: String, feature: String?, isLarge: Bool = false) {
    self.row = row
    self.layer = layer
    self.feature = feature
    self.isLarge = isLarge
  }
}
