import Foundation

extension EvaluationTask {
  /// Probabilities are held this far from 0 and 1 before the logarithm, so that one record's loss is at most 16.2.
  public static let probabilityFloor = 1e-7
  /// Rates are held above this before the logarithm: a model's smallest is 9.4e−14.
  public static let rateFloor = 1e-14

  /// The loss of one prediction: log loss, cross-entropy, or the loss of the value in the label's unit.
  ///
  /// - Parameters:
  ///   - outputs: Shape [outputCount]: probabilities, or the value.
  ///   - label: 0/1, the class index, or the value (Poisson: at least 0); not NaN.
  public func loss(outputs: UnsafePointer<Float>, label: Float) -> Double {
    switch self {
    case .binary:
      let probability = unsafe Double(outputs[0])
      return Self.surprise(label >= 0.5 ? probability : 1 - probability)
    case .multiclass(let classes):
      precondition(label >= 0 && label < Float(classes), "the label \(label) is not one of \(classes) classes")
      return unsafe Self.surprise(Double(outputs[Int(label)]))
    case .regression, .huber, .quantile, .poisson:
      return unsafe loss(value: Double(outputs[0]), label: Double(label))
    }
  }

  /// The losses of many predictions.
  ///
  /// - Parameters:
  ///   - outputs: Shape [count × outputCount], row-major.
  ///   - labels: Shape [count], each `labelStride` from the one before; NaN: unlabelled.
  ///   - losses: Shape [count]: filled; NaN for unlabelled ones.
  public func losses(
    outputs: UnsafePointer<Float>, labels: UnsafePointer<Float>, labelStride: Int = 1, count: Int,
    into losses: UnsafeMutablePointer<Double>
  ) {
    for row in 0..<count {
      let label = unsafe labels[row * labelStride]
      unsafe losses[row] = label.isNaN ? .nan : loss(outputs: outputs + row * outputCount, label: label)
    }
  }

  /// The loss of a value.
  func loss(value: Double, label: Double) -> Double {
    let error = value - label
    switch self {
    case .huber(let delta):
      let near = min(abs(error), delta)
      return near * (abs(error) - near / 2)
    case .quantile(let level):
      return error < 0 ? -level * error : (1 - level) * error
    case .poisson:
      // 2·(y·log(y / rate) − (y − rate)): twice the log likelihood that is missing to the best possible one.
      let rate = max(value, Self.rateFloor)
      return 2 * ((label > 0 ? label * log(label / rate) : 0) + rate - label)
    case .binary, .multiclass, .regression:
      return error * error
    }
  }

  private static func surprise(_ probability: Double) -> Double {
    -log(min(max(probability, probabilityFloor), 1 - probabilityFloor))
  }
}
