/// One place on a record's way through a model, forward and then back, with what its numbers come to there.
public struct WalkStage: Sendable, Hashable {
  /// What of a layer it is; the cases stand in the order in which a record meets them.
  public enum Part: String, Sendable, Hashable, CaseIterable {
    /// What the layers read of one input; without a feature, of all of them.
    case input
    /// How much the record counts.
    case recordWeight
    /// Before normalisation and activation.
    case product
    case normalized
    case output
    /// The output with the skip connection, and what dropout left of it.
    case passedOn
    /// Of a head, with what encoders add.
    case logits
    /// Probabilities, or values in label units.
    case answers
    case loss
    case logitGradient
    case weightGradient
    /// By what a layer reads.
    case inputGradient
    /// By the rows that an input looked up.
    case rowGradient
    /// Parameters after the update.
    case updated
  }

  /// What a record says of an input, as the model takes it: numbers are clipped by then, categories are rows of a table.
  public enum Given: Sendable, Hashable {
    case nothing
    case number(Float)
    case rows([UInt32])
    /// Of a sparse input; `heaviest` is the largest magnitude of a weight.
    case pairs(Int, heaviest: Float)
  }

  /// As health and incidents name it.
  public var layer: String
  public var feature: String?
  public var part: Part
  public var given = Given.nothing
  /// In the pass that learns, of which dropout thinned the layers.
  public var isThinned = false
  public var count: Int
  /// NaNs and infinities among them.
  public var nonFinite: Int
  /// Of the others; nil: there are none.
  public var least, most, mean: Double?

  package init(layer: String, part: Part, feature: String? = nil) {
    (self.layer, self.part, self.feature) = (layer, part, feature)
    (count, nonFinite) = (0, 0)
  }
}

extension WalkStage.Part {
  /// A value there that is no number spoils a step. Others may come to a number again: a sigmoid of an infinity is 1.
  var spoilsStep: Bool {
    switch self {
    case .input, .recordWeight, .output, .logits, .answers, .loss, .weightGradient, .rowGradient: true
    case .product, .normalized, .passedOn, .logitGradient, .inputGradient, .updated: false
    }
  }

  /// It is on the way to the logits.
  var isForward: Bool {
    switch self {
    case .input, .product, .normalized, .output, .passedOn, .logits: true
    default: false
    }
  }

  /// It is summed over the rows of a step.
  var isSummed: Bool { self == .weightGradient || self == .rowGradient }
}

/// A record's way through a model, in order.
public struct RecordWalk: Sendable {
  public var stages: [WalkStage]
  /// What the search for bad records says of it; nil: all its numbers are numbers, or the model is to blame.
  public var finding: NonFiniteRow?
  /// Its numbers go bad, and would with usual values in the place of its own: no record is to blame for that.
  public var isModelToBlame: Bool

  /// The first stage with a NaN or an infinity.
  public var firstNonFinite: Int? { stages.firstIndex { $0.nonFinite > 0 } }

  /// The first stage that is bad: not finite, or else so large that the sum over a step may not be.
  public var first: Int? {
    if let place = firstNonFinite { return place }
    guard let finding, finding.isLarge else { return nil }
    return stages.firstIndex { $0.part.isSummed && $0.layer == finding.layer }
  }
}
