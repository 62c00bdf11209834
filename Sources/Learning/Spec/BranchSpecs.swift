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

/// The branch of cross layers over the input.
public struct CrossSpec: Sendable, Hashable, Codable {
  public var crossLayers: Int
  /// Columns between the two factors of a cross layer's matrix; 0: one full matrix.
  public var crossRank: Int

  var text: [String] { ["cross \(crossLayers) \(crossRank)"] }
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
