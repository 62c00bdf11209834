/// How one group of parameters follows its gradient.
///
/// The gradient used is the clipped mean gradient + l2·w + l1·sign(w). Penalties and decay act on weights and embedding
/// rows (when a row is touched), never on biases or on the gains and offsets of normalisations.
public struct OptimizerSpec: Sendable, Hashable, Codable {
  /// The formulas stand in `CKernels/optimizers`, one file each.
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// Kingma & Ba 2015, algorithm 1. On embedding rows: only touched rows move, with the step's bias correction.
    case adam
    /// v ← μ·v + g, w ← w − η·v; or Nesterov's form, w ← w − η·(g + μ·v).
    case sgd
    /// Duchi, Hazan & Singer 2011; one sum an element, or one sum (of the mean square) an embedding row.
    case adagrad
    /// Tieleman & Hinton 2012: the gradient divided by the root of its running mean square.
    case rmsprop
    /// Adam with weight decay apart from the gradient (Loshchilov & Hutter 2019).
    case adamw
    /// Adam divided by the root of the largest mean square so far (Reddi, Kale & Kumar 2018).
    case amsgrad
    /// FTRL-Proximal (McMahan et al. 2013). `l1` gives weights that are exactly zero; the rate falls by itself.
    case ftrl
    /// The sign of a mean of gradients (Chen et al. 2023). Wants a rate 3 to 10 times smaller than Adam's.
    case lion
  }

  public var kind: Kind
  public var learningRate: Float
  /// SGD only.
  public var momentum: Float
  /// SGD only: look one step of momentum ahead.
  public var nesterov: Bool
  /// Adam, AdamW, AMSGrad, Lion.
  public var beta1: Float
  /// Adam, AdamW, AMSGrad, RMSProp, Lion.
  public var beta2: Float
  /// All but SGD, FTRL and Lion.
  public var epsilon: Float
  /// FTRL's β: how slowly its rates begin to fall.
  public var beta: Float
  /// A penalty l1·|w|; FTRL: of its proximal formula.
  public var l1: Float
  /// A penalty l2/2·w²; FTRL: of its proximal formula.
  public var l2: Float
  /// Decoupled: w ← w − η·weightDecay·w beside the change.
  public var weightDecay: Float
  public var schedule: RateSchedule

  /// - Parameters:
  ///   - beta2: nil: 0.99 for RMSProp and Lion, 0.999 for the others.
  ///   - weightDecay: nil: 0.01 for AdamW, 0 for the others.
  public init(
    kind: Kind, learningRate: Float, momentum: Float = 0, nesterov: Bool = false, beta1: Float = 0.9,
    beta2: Float? = nil, epsilon: Float = 1e-8, beta: Float = 1, l1: Float = 0, l2: Float = 0,
    weightDecay: Float? = nil, schedule: RateSchedule = .constant
  ) {
    self.kind = kind
    self.learningRate = learningRate
    self.momentum = momentum
    self.nesterov = nesterov
    self.beta1 = beta1
    self.beta2 = beta2 ?? (kind == .rmsprop || kind == .lion ? 0.99 : 0.999)
    self.epsilon = epsilon
    self.beta = beta
    self.l1 = l1
    self.l2 = l2
    self.weightDecay = weightDecay ?? (kind == .adamw ? 0.01 : 0)
    self.schedule = schedule
  }

  /// Whether weights and biases are treated apart.
  var hasPenalties: Bool { l1 != 0 || l2 != 0 || weightDecay != 0 }
}
