import Foundation

extension EvaluationTask {
  /// Probabilities are held this far from 0 and 1 before the logarithm, so that one record's loss is at most 16.2.
  public static let probabilityFloor = 1e-7

  /// The loss of one prediction: log loss, cross-entropy, or the squared error in the label's unit.
  ///
  /// - Parameters:
  ///   - outputs: Shape [outputCount]: probabilities, or the value.
  ///   - label: 0/1, the class index, or the value; not NaN.
  public func loss(outputs: UnsafePointer<Float>, label: Float) -> Double {
    switch self {
    case .binary:
      let probability = Double(outputs[0])
      return Self.surprise(label >= 0.5 ? probability : 1 - probability)
    case .multiclass(let classes):
      precondition(label >= 0 && label < Float(classes), "the label \(label) is not one of \(classes) classes")
      return Self.surprise(Double(outputs[Int(label)]))
    case .regression:
      let error = Double(outputs[0]) - Double(label)
      return error * error
    }
  }

  private static func surprise(_ probability: Double) -> Double {
    -log(min(max(probability, probabilityFloor), 1 - probabilityFloor))
  }
}
