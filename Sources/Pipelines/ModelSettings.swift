/// The network: `model:` of the pipeline file.
public struct ModelSettings: LossOwner, Hashable, Codable {
  public enum Task: String, Sendable, Hashable, Codable, CaseIterable { case binary, multiclass, regression }
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable { case network, linear }
  public enum Normalization: String, Sendable, Hashable, Codable, CaseIterable {
    case none
    case layerNorm = "layer_norm"
    case rmsNorm = "rms_norm"
  }
  public enum Initialization: String, Sendable, Hashable, Codable, CaseIterable {
    case auto, he, glorot, lecun, orthogonal
  }

  /// How much of the recipe a model has that brings all settings itself (docs/recipe.md).
  public enum Preset: String, Sendable, Hashable, Codable, CaseIterable {
    /// All of it.
    case best
    /// One member, several times as quick.
    case fast
  }

  public var task: Task
  /// nil: a network, as the keys below say.
  public var preset: Preset?
  /// `linear`: one weight an input and output, and no layers.
  public var kind: Kind = .network
  /// Widths of the hidden layers; empty: a linear model on the inputs.
  public var hidden: [Int] = [64, 32]
  /// One of `activations`.
  public var activation: String = "relu"
  /// Hidden outputs are clipped to ± this much; nil: they are not.
  public var activationClip: Double?
  public var normalization: Normalization = .none
  /// `auto` follows the activation.
  public var initialization: Initialization = .auto
  /// Share of a hidden layer's units that each record's training leaves out.
  public var dropout: Double = 0
  /// A hidden layer that is as wide as what it reads adds that to its output.
  public var residual: Bool = false
  /// Cross layers over the input, beside the hidden ones.
  public var crossLayers: Int = 0
  /// Columns between the two factors of a cross layer's matrix; 0: one full matrix.
  public var crossRank: Int = 0
  /// Pairwise interactions of the embeddings, beside the hidden layers.
  public var factorization: Bool = false
  /// The same through one learned matrix.
  public var bilinear: Bool = false
  /// The keys in use that pair embeddings element by element: all of them must have one dimension.
  var pairingKeys: [String] {
    (factorization ? ["factorization"] : []) + (bilinear ? ["bilinear"] : [])
  }
  /// Of two categories the first is weighed otherwise than the second: their order has a meaning.
  var ordersCategories: Bool { bilinear }
  /// Penalty λ·|y| on each hidden output.
  public var activationL1: Double = 0
  /// Penalty λ·y² on each hidden output.
  public var activationL2: Double = 0
  /// A linear part beside the network: one weight a category row and a numeric input, added to the output.
  public var wide: Bool = false
  /// Standardised inputs are clipped to ± this many standard deviations.
  public var inputClip: Double = 5
  public var seed: UInt64 = 1

  // The head of `schema.label`, and further ones: LossSettings.swift.
  public var loss: LossSettings?
  public var labelSmoothing: Double = 0
  public var classWeights: [Double] = []
  public var temperature: TemperatureSettings = .fixed(1)
  public var heads: [HeadSettings] = []

  public init(task: Task) { self.task = task }
}
