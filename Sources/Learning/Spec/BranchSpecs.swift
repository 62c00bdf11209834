import Pipelines

/// The deep branch: hidden layers one behind the other.
public struct DeepSpec: Sendable, Hashable, Codable {
  public enum Normalization: String, Sendable, Hashable, Codable, CaseIterable {
    case none
    case layerNorm = "layer_norm"
    case rmsNorm = "rms_norm"
  }

  /// How the weights of hidden layers begin: `auto` follows the activation.
  public enum Initialization: String, Sendable, Hashable, Codable, CaseIterable {
    case auto, he, glorot, lecun, orthogonal
  }

  /// Widths of the hidden layers; empty: linear in the inputs and embeddings.
  public var hidden: [Int]
  public var activation: ActivationKind
  /// Hidden outputs are clipped to ± this much, where their derivative is then 0; nil: they are not.
  public var activationLimit: Float?
  public var normalization: Normalization
  public var initialization: Initialization
  /// Share of a hidden layer's units that a training pass leaves out, 0 ..< 1.
  public var dropout: Float
  /// A hidden layer that is as wide as what it reads adds that to its output.
  public var residual: Bool
  /// Penalties on hidden outputs: λ₁·|y| and λ₂·y², summed over units.
  public var activationL1, activationL2: Float

  var text: [String] {
    [
      "hidden \(hidden)", "activation \(activation.rawValue)", "normalization \(normalization.rawValue)",
      "residual \(residual)",
    ]
  }
}

extension DeepSpec {
  init(_ model: ModelSettings) {
    guard let activation = ActivationKind(rawValue: model.activation) else {
      preconditionFailure("the parser let the unknown activation '\(model.activation)' through")
    }
    self.init(
      hidden: model.kind == .linear ? [] : model.hidden, activation: activation,
      activationLimit: model.activationClip.map { Float($0) }, normalization: Normalization(model.normalization),
      initialization: Initialization(model.initialization), dropout: Float(model.dropout), residual: model.residual,
      activationL1: Float(model.activationL1), activationL2: Float(model.activationL2))
  }
}

extension DeepSpec.Normalization {
  fileprivate init(_ normalization: ModelSettings.Normalization) {
    switch normalization {
    case .none: self = .none
    case .layerNorm: self = .layerNorm
    case .rmsNorm: self = .rmsNorm
    }
  }
}

extension DeepSpec.Initialization {
  fileprivate init(_ initialization: ModelSettings.Initialization) {
    switch initialization {
    case .auto: self = .auto
    case .he: self = .he
    case .glorot: self = .glorot
    case .lecun: self = .lecun
    case .orthogonal: self = .orthogonal
    }
  }
}

/// The branch of cross layers over the input.
public struct CrossSpec: Sendable, Hashable, Codable {
  public var crossLayers: Int
  /// Columns between the two factors of a cross layer's matrix; 0: one full matrix.
  public var crossRank: Int

  var text: [String] { ["cross \(crossLayers) \(crossRank)"] }
}

extension CrossSpec {
  init(_ model: ModelSettings) { self.init(crossLayers: model.crossLayers, crossRank: model.crossRank) }
}

/// The branches of pairwise interactions of the embeddings, pooled; all must have one dimension.
public struct InteractionsSpec: Sendable, Hashable, Codable {
  /// As they are.
  public var factorization: Bool
  /// Through one learned matrix.
  public var bilinear = false

  /// The matrix says for itself that it is there.
  var text: [String] { ["factorization \(factorization)"] }
}

extension InteractionsSpec {
  init(_ model: ModelSettings) { self.init(factorization: model.factorization, bilinear: model.bilinear) }
}
