extension TrainingSettings {
  public enum OptimizerKind: String, Sendable, Hashable, Codable, CaseIterable {
    case adam, sgd, adagrad, rmsprop, adamw, amsgrad, ftrl, lion
  }

  /// How one group of parameters follows its gradient: `optimizer:` and its siblings.
  ///
  /// What the file leaves out has the usual value of the kind, which is why these are no plain fields.
  public struct Optimizer: Sendable, Codable {
    public var kind: OptimizerKind
    /// SGD.
    public var momentum: Double = 0
    /// SGD.
    public var nesterov: Bool = false
    public var beta1: Double = 0.9
    public var epsilon: Double = 1e-8
    /// FTRL.
    public var beta: Double = 1
    public var l1: Double = 0
    public var l2: Double = 0
    public var schedule = Schedule()

    private var ownLearningRate: Double?
    private var ownBeta2: Double?
    private var ownWeightDecay: Double?

    public init(kind: OptimizerKind, learningRate: Double? = nil) {
      self.kind = kind
      ownLearningRate = learningRate
    }

    public var learningRate: Double {
      get { ownLearningRate ?? kind.usualLearningRate }
      set { ownLearningRate = newValue }
    }

    public var beta2: Double {
      get { ownBeta2 ?? (kind == .rmsprop || kind == .lion ? 0.99 : 0.999) }
      set { ownBeta2 = newValue }
    }

    /// Decoupled: the weights shrink by this times the rate in each step.
    public var weightDecay: Double {
      get { ownWeightDecay ?? (kind == .adamw ? 0.01 : 0) }
      set { ownWeightDecay = newValue }
    }
  }
}

extension TrainingSettings.Optimizer: Hashable {
  /// What counts is what is in force, given or usual.
  private var inForce: [Double] {
    [learningRate, momentum, nesterov ? 1 : 0, beta1, beta2, epsilon, beta, l1, l2, weightDecay]
  }

  public static func == (one: Self, other: Self) -> Bool {
    one.kind == other.kind && one.inForce == other.inForce && one.schedule == other.schedule
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(kind)
    hasher.combine(inForce)
    hasher.combine(schedule)
  }
}

extension TrainingSettings.OptimizerKind {
  /// The rate when the file gives none.
  var usualLearningRate: Double {
    switch self {
    case .adam, .adamw, .amsgrad, .rmsprop: 0.001
    case .sgd: 0.01
    case .adagrad: 0.05
    case .ftrl: 0.1
    case .lion: 0.0001
    }
  }

  /// Adam and its descendants.
  var isAdam: Bool { self == .adam || self == .adamw || self == .amsgrad }
}

extension TrainingSettings {
  /// How a learning rate changes over the steps: `schedule:` of an optimiser.
  public struct Schedule: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
      case constant, cosine, exponential
      case inverseSquareRoot = "inverse_sqrt"
      case plateau
    }

    public var kind: Kind = .constant
    /// Steps of the rise at the beginning.
    public var warmupSteps: Int = 0
    /// The schedule's length or time scale.
    public var steps: Int = 10_000
    /// By which the rate falls.
    public var factor: Double = 0.5
    /// The smallest share of the rate.
    public var floor: Double = 0
    /// Plateau: steps without an improvement.
    public var patience: Int = 2000
    /// Plateau: steps that the loss is averaged over.
    public var smoothing: Int = 200

    public init() {}
  }
}
