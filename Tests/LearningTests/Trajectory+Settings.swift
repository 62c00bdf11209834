import Learning
import Testing

extension Trajectory {
  /// What is left out has the default of `HeadSpec`.
  struct Head: Decodable, Sendable {
    /// 0: a value; 1: two classes from one logit.
    let classes: Int
    let loss: String
    let weight: Float?
    let labelSmoothing: Float?
    let classWeights: [Float]?
    let learnsTemperature: Bool?
    let gamma: Float?
    let delta: Float?
    let level: Float?

    func spec(_ place: Int) throws -> HeadSpec {
      let known: [String: LossSpec] = [
        "cross_entropy": .crossEntropy, "focal": .focal(gamma: gamma ?? 2), "squared": .squared,
        "huber": .huber(delta: delta ?? 1), "quantile": .quantile(level: level ?? 0.5), "poisson": .poisson,
      ]
      let found: LossSpec = try #require(known[loss])
      return HeadSpec(
        name: place == 0 ? "" : "head\(place)",
        task: classes == 0 ? .regression : classes == 1 ? .binary : .multiclass(classes: classes),
        loss: found, weight: weight ?? 1, labelSmoothing: labelSmoothing ?? 0,
        classWeights: classWeights ?? [], temperature: learnsTemperature == true ? .learned : .fixed(1))
    }

    func label(score: Double, bucket: Int) -> Float {
      switch classes {
      case 0: loss == "poisson" ? max(0, Float(Int(3 + score))) : Float(30 + 5 * score)
      case 1: score > 0 ? 1 : 0
      default: Float((bucket + (score > 0 ? 1 : 0)) % classes)
      }
    }
  }

  /// What is left out has the default of `OptimizerSpec`.
  struct Optimizer: Decodable, Sendable {
    struct Schedule: Decodable, Sendable {
      let kind: RateSchedule.Kind
      let warmupSteps: Int?
      let steps: Int?
      let factor: Double?
      let floor: Double?

      var schedule: RateSchedule {
        RateSchedule(kind, warmupSteps: warmupSteps ?? 0, steps: steps ?? 1, factor: factor ?? 0.5, floor: floor ?? 0)
      }
    }

    let kind: OptimizerSpec.Kind
    let learningRate: Float
    let momentum: Float?
    let nesterov: Bool?
    let beta1: Float?
    let beta2: Float?
    let l1: Float?
    let l2: Float?
    let weightDecay: Float?
    let schedule: Schedule?

    var spec: OptimizerSpec {
      OptimizerSpec(
        kind: kind, learningRate: learningRate, momentum: momentum ?? 0, nesterov: nesterov ?? false,
        beta1: beta1 ?? 0.9, beta2: beta2, l1: l1 ?? 0, l2: l2 ?? 0, weightDecay: weightDecay ?? 0,
        schedule: schedule?.schedule ?? .constant)
    }
  }
}
