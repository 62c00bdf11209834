import Vocabulary

/// How a learning rate changes over the steps: a share of it that depends on the step's number only, or, for `plateau`, on
/// the losses that all ranks agreed on. Warm-up comes before each of them.
public struct RateSchedule: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case constant
    /// From 1 to `floor` along half a cosine of `steps` steps, then `floor`.
    ///
    /// - Source: Loshchilov & Hutter 2017, "SGDR", equation 5, without restarts.
    case cosine
    /// factor^(s / steps), at least `floor`.
    case exponential
    /// 1 / √(1 + s / steps), at least `floor`.
    ///
    /// - Source: Vaswani et al. 2017, equation 3, where `steps` is the length of the warm-up.
    case inverseSquareRoot = "inverse_sqrt"
    /// Times `factor` when the loss has not improved for `patience` steps, at least `floor`.
    case plateau
  }

  public var kind: Kind
  /// Steps over which the rate rises in a straight line; the schedule's own steps s begin after them.
  public var warmupSteps: Int
  /// The length of a cosine; the steps in which an exponential falls by `factor`; the time scale of an inverse root.
  public var steps: Int
  /// Within 0 … 1.
  public var factor: Double
  /// The smallest share, 0 … 1; warm-up apart.
  public var floor: Double
  /// Plateau: steps without an improvement that are waited for.
  public var patience: Int
  /// Plateau: the loss is a mean whose weights fall by 1/e in this many steps.
  public var smoothing: Int

  public init(
    _ kind: Kind, warmupSteps: Int = 0, steps: Int = 10_000, factor: Double = 0.5, floor: Double = 0,
    patience: Int = 2000, smoothing: Int = 200
  ) {
    self.kind = kind
    self.warmupSteps = warmupSteps
    self.steps = steps
    self.factor = factor
    self.floor = floor
    self.patience = patience
    self.smoothing = smoothing
  }

  public static let constant = RateSchedule(.constant)

  /// The share of the rate that step number `step` (from 0) uses.
  ///
  /// - Parameter plateauShare: What the plateau has come to; the other schedules ignore it.
  public func share(at step: Int64, plateauShare: Double = 1) -> Double {
    let warmup = Int64(warmupSteps)
    if step < warmup { return Double(step + 1) / Double(warmup) }
    let own = Double(step - warmup)
    let length = Double(max(steps, 1))
    switch kind {
    case .constant: return 1
    case .cosine: return floor + (1 - floor) * (1 + PortableMath.cosinePi(min(own / length, 1))) / 2
    case .exponential: return max(floor, PortableMath.exp(PortableMath.log(factor) * (own / length)))
    case .inverseSquareRoot: return max(floor, 1 / (1 + own / length).squareRoot())
    case .plateau: return plateauShare
    }
  }
}
