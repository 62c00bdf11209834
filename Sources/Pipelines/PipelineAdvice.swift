/// What is no mistake and may still not be what is meant.
public struct Advice: Sendable, Hashable {
  /// The setting that it is about, as `training.optimizer`.
  public let setting: String
  /// One sentence without its full stop.
  public let sentence: String

  public init(setting: String, sentence: String) {
    self.setting = setting
    self.sentence = sentence
  }

  /// The sentence with its place in the file.
  public func description(fileName: String, _ places: SettingPlaces) -> String {
    let place = places.place(of: setting)
    return "\(fileName):\(place.line):\(place.column): \(sentence)"
  }
}

extension Pipeline {
  public var advice: [Advice] {
    source.remarks.map { Advice(setting: "source.librdkafka", sentence: $0) } + boundedDescents + steepDescents
      + exposedServer
  }

  /// No mistake: workers have nothing to do with it, and the server itself refuses.
  private var exposedServer: [Advice] {
    serving.exposure(at: serving.address).map { [Advice(setting: "serving.address", sentence: $0)] } ?? []
  }

  private var boundedDescents: [Advice] {
    guard let head = heads.first(where: { $0.task == .regression }) else { return [] }
    return boundedRates.map { key, given, inForce in
      Advice(
        setting: "training.\(key)",
        sentence: """
          training.\(key) is sgd with the rate \(given), and the output `\(head.name)` is a value: such a step would overshoot \
          without end, so the rate is \(figure(inForce)); adagrad, the default, needs no bound
          """)
    }
  }

  private func figure(_ rate: Double) -> String {
    rate >= 0.001 ? "\((rate * 10_000).rounded() / 10_000)" : "\(rate)"
  }

  /// A plain step of that rate is usual for probabilities, whose gradients are below 1; errors of a value are not.
  private var steepDescents: [Advice] {
    guard let head = heads.first(where: { $0.task == .regression }), training.optimizer.kind == .sgd,
      training.optimizer.learningRate > 0.1
    else { return [] }
    return [
      Advice(
        setting: "training.optimizer",
        sentence: """
          training.optimizer is sgd with the rate \(training.optimizer.learningRate), and the output `\(head.name)` is a value: \
          such a step may overshoot without end; adam, the default, is safe, or a rate of 0.05
          """)
    ]
  }
}
