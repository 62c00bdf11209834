import Health
import Pipelines
import Vocabulary

/// A failure that training has by itself, provoked by what a user writes or a producer sends; and what has to find it.
struct Provocation: Sendable, CustomStringConvertible {
  let name: String
  /// One of these at least, and in which layer or feature.
  let foundBy: Set<HealthRule>
  let subject: String
  /// All that freeze because of it: with these off nothing stops a promotion.
  let off: Set<HealthRule>
  var settings: @Sendable (inout Pipeline) -> Void = { _ in }
  /// What happens to records on their way.
  var change: (@Sendable (ZooStream, _ partition: Int32, _ offset: Int64) -> ZooRecord)?

  var description: String { name }

  var pipeline: Pipeline {
    var pipeline = ZooRig.usual
    settings(&pipeline)
    return pipeline
  }

  /// What the defaults prevent is provoked with the clipping of gradients off.
  private static let unclipped = 1e9

  static let all = [
    Provocation(
      name: "dead neurons: ReLU, and a rate far too high", foundBy: [.deadUnits], subject: "hidden_2",
      off: [.deadUnits, .allZero, .vanishingGradient, .explodingGradient, .updateRatio]
    ) { pipeline in
      pipeline.model.activation = "relu"
      pipeline.training.optimizer.learningRate = 1
      pipeline.training.clipGlobalNorm = unclipped
    },
    Provocation(
      name: "vanishing gradient: sixteen layers of sigmoids", foundBy: [.vanishingGradient], subject: "hidden_1",
      off: [.vanishingGradient]
    ) { pipeline in
      pipeline.model.activation = "sigmoid"
      pipeline.model.hidden = Array(repeating: 16, count: 16)
    },
    Provocation(
      name: "saturated outputs: tanh behind numbers that are not standardised", foundBy: [.saturated],
      subject: "hidden_1", off: [.saturated]
    ) { pipeline in
      pipeline.model.activation = "tanh"
      for place in 0..<3 { pipeline.schema.features[place].normalize = .none }
    },
  ]
}

extension Provocation {
  init(
    name: String, foundBy: Set<HealthRule>, subject: String, off: Set<HealthRule>,
    settings: @escaping @Sendable (inout Pipeline) -> Void
  ) {
    self.init(name: name, foundBy: foundBy, subject: subject, off: off)
    self.settings = settings
  }
}
