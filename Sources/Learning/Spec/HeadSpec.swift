/// What a head minimises; formulas and papers are in `CKernels/losses`.
public enum LossSpec: Sendable, Hashable, Codable {
  /// Of classes; log loss.
  case crossEntropy
  /// Of classes: cross-entropy that counts a sure answer less, by the factor (1 − p)^gamma.
  case focal(gamma: Float)
  /// Of values.
  case squared
  /// Of values: squared up to an error of delta, in the label's unit, and linear beyond.
  case huber(delta: Float)
  /// Of values: the quantile of this level, between 0 and 1.
  case quantile(level: Float)
  /// Of counts: the answer is exp(logit), and labels are not standardised.
  case poisson

  /// Learned from classes, not from values.
  public var isOfClasses: Bool {
    switch self {
    case .crossEntropy, .focal: true
    case .squared, .huber, .quantile, .poisson: false
    }
  }
}

/// One thing that is predicted, with its own label, loss and weights from the network.
///
/// A row is learned where its primary label, the first head's, is there. Where a further head's label is absent, the row
/// gives that head no gradient, and the sum over rows is divided by the same count for every head. A further label of a
/// row without the primary one is not learned.
public struct HeadSpec: Sendable, Hashable, Codable {
  /// What logits are divided by before they become probabilities; training looks at the raw logits.
  ///
  /// - Source: Guo et al. 2017, "On calibration of modern neural networks", section 4.2.
  public enum Temperature: Sendable, Hashable, Codable {
    case fixed(Float)
    /// exp(τ), where τ follows the gradient of the log loss of the labelled rows before they are learned.
    case learned
  }

  /// Part of the layer's name; empty for the primary head.
  public var name: String
  public var task: LearnerSpec.Task
  public var loss: LossSpec
  /// Of its loss in the sum of all heads'.
  public var weight: Float
  /// Cross-entropy: this share of the target is spread evenly over all classes, 0 ..< 1.
  public var labelSmoothing: Float
  /// What a row of each class counts, in the order of the classes (binary: of 0, of 1); empty: 1.
  public var classWeights: [Float]
  public var temperature: Temperature
  /// Where classes are found as they come: of the outputs so many belong to a class that is known; nil: all do.
  public var known: Int?

  /// - Parameter loss: nil: cross-entropy for classes, squared error for values.
  public init(
    name: String = "", task: LearnerSpec.Task, loss: LossSpec? = nil, weight: Float = 1, labelSmoothing: Float = 0,
    classWeights: [Float] = [], temperature: Temperature = .fixed(1)
  ) {
    self.name = name
    self.task = task
    self.loss = loss ?? Self.usualLoss(task)
    self.weight = weight
    self.labelSmoothing = labelSmoothing
    self.classWeights = classWeights
    self.temperature = temperature
  }

  static func usualLoss(_ task: LearnerSpec.Task) -> LossSpec { task == .regression ? .squared : .crossEntropy }

  /// Outputs a row: 1, or the number of classes.
  public var outputCount: Int {
    if case .multiclass(let classes) = task { return classes }
    return 1
  }

  /// Outputs a row that stand for something.
  public var knownCount: Int { min(known ?? outputCount, outputCount) }

  /// Its label is learned by the running mean and deviation of the labels.
  var standardizesLabel: Bool { task == .regression && loss != .poisson }

  /// What must agree between a state and a spec.
  var shape: String {
    let learnsTemperature = temperature == .learned
    return "head '\(name)' \(task)\(standardizesLabel || task != .regression ? "" : " counts")"
      + (learnsTemperature ? " temperature" : "")
  }
}
