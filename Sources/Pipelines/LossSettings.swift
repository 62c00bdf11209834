/// What a head minimises: `loss:` of the model or of a further head.
public struct LossSettings: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case crossEntropy = "cross_entropy"
    case focal, squared, huber, quantile, poisson

    /// Learned from classes, not from values.
    public var isOfClasses: Bool { self == .crossEntropy || self == .focal }
  }

  public var kind: Kind
  /// Focal: how much less a sure answer counts; 0 is cross-entropy.
  public var gamma: Double = 2
  /// Huber: the error, in the label's unit, from which the loss grows linearly.
  public var delta: Double = 1
  /// Quantile: which one, between 0 and 1; 0.5 is the median.
  public var level: Double = 0.5

  public init(kind: Kind) { self.kind = kind }
}

/// What logits are divided by before they become probabilities.
public enum TemperatureSettings: Sendable, Hashable, Codable {
  case fixed(Double)
  /// A parameter that follows the log loss of the records as they come, before each is learned.
  case learned
}

/// What model and further heads have in common: a task, a loss, and how classes are treated.
public protocol LossOwner: Sendable {
  var task: ModelSettings.Task { get set }
  /// nil: cross-entropy for classes, squared error for values.
  var loss: LossSettings? { get set }
  /// Classes: this share of the target is spread over all of them.
  var labelSmoothing: Double { get set }
  /// Classes: what a record of each counts; empty: 1. Binary: [of 0, of 1].
  var classWeights: [Double] { get set }
  /// Classes: softens (above 1) or sharpens the probabilities, not what is learned.
  var temperature: TemperatureSettings { get set }
}

extension LossOwner {
  /// The loss with its default.
  public var effectiveLoss: LossSettings { loss ?? LossSettings(kind: task == .regression ? .squared : .crossEntropy) }
}

/// A further head: another label learned by the same network. `heads:` of the model.
public struct HeadSettings: LossOwner, Hashable, Codable {
  /// Of the output in requests, and of the layer in reports.
  public var name: String
  /// Where its label is, and its classes.
  public var label: LabelSettings
  public var task: ModelSettings.Task
  /// Of its loss in the sum.
  public var weight: Double = 1
  public var loss: LossSettings?
  public var labelSmoothing: Double = 0
  public var classWeights: [Double] = []
  public var temperature: TemperatureSettings = .fixed(1)

  public init(name: String, label: LabelSettings, task: ModelSettings.Task) {
    self.name = name
    self.label = label
    self.task = task
  }

  /// Outputs a record.
  public var outputCount: Int { task == .multiclass ? label.classes.count : 1 }

  /// The names of its classes; nil: there are none.
  public var classNames: ClassNames? { ClassNames(label.classes) }

  /// What the output is called that names the most probable class; nil: classes have no names, or there are none.
  public var labelOutput: String? {
    if label.classes.isEmpty { return nil }
    return ["probability", "probabilities"].contains(name) ? "label" : "\(name)_label"
  }
}

extension Pipeline {
  /// Every head: the primary one, of `schema.label`, then those of `model.heads`. A record's labels stand in this order.
  public var heads: [HeadSettings] {
    var primary = HeadSettings(name: model.outputName, label: schema.label, task: model.task)
    primary.loss = model.loss
    primary.labelSmoothing = model.labelSmoothing
    primary.classWeights = model.classWeights
    primary.temperature = model.temperature
    return [primary] + model.heads
  }
}

extension ModelSettings {
  /// What the primary head's output is called.
  public var outputName: String {
    switch task {
    case .binary: "probability"
    case .multiclass: "probabilities"
    case .regression: "value"
    }
  }
}
