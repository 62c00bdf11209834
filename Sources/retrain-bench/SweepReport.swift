import Foundation
import JSON
import Tensors

/// One line of a sweep: how far one part of one activation strays, and how far it may.
struct SweepReport: Encodable {
  var workload = "sweep"
  let activation: String
  /// `value` or `derivative`.
  let part: String
  let kernels: String
  let inputs: Int
  /// Units in the last place, where the absolute bound is not needed, and at which input.
  let ulpMax: Double
  let ulpAt: String
  let ulpBound: Double
  /// The absolute distance, where it is needed.
  let absoluteMax: Double
  let absoluteAt: String
  let absoluteBound: Double
  let nans: Int
  let wrongInfinities: Int
  /// Neighbours out of order; nil where the function itself falls somewhere.
  let falls: Int?
  let fallAt: String?
  /// Of the sweep of both parts.
  let seconds: Double

  /// Of value and derivative.
  static func both(
    _ sweep: ActivationSweep, _ formula: ActivationFormula, _ kernels: Kernels, seconds: Double
  ) -> [SweepReport] {
    let accuracy = formula.accuracy
    let falls = accuracy.isMonotone ? sweep.falls : nil
    return [
      SweepReport(
        formula, kernels, "value", sweep.value, inputs: sweep.inputs, ulpBound: accuracy.valueULP,
        absoluteBound: accuracy.valueBound, falls: falls, fallAt: falls ?? 0 > 0 ? sweep.fallAt : nil,
        seconds: seconds),
      SweepReport(
        formula, kernels, "derivative", sweep.derivative, inputs: sweep.inputs, ulpBound: accuracy.derivativeULP,
        absoluteBound: accuracy.derivativeBound, falls: nil, fallAt: nil, seconds: seconds),
    ]
  }

  private init(
    _ formula: ActivationFormula, _ kernels: Kernels, _ part: String, _ found: ActivationSweep.Part, inputs: Int,
    ulpBound: Double, absoluteBound: Double, falls: Int?, fallAt: Float?, seconds: Double
  ) {
    activation = formula.name
    self.part = part
    self.kernels = kernels.level.rawValue
    self.inputs = inputs
    ulpMax = (found.ulp * 1000).rounded() / 1000
    ulpAt = "\(found.ulpAt)"
    self.ulpBound = ulpBound
    absoluteMax = found.covered
    absoluteAt = "\(found.coveredAt)"
    self.absoluteBound = absoluteBound
    nans = found.nans
    wrongInfinities = found.wrongInfinities
    self.falls = falls
    self.fallAt = fallAt.map { "\($0)" }
    self.seconds = (seconds * 10).rounded() / 10
  }

  var holds: Bool {
    ulpMax <= ulpBound && absoluteMax <= absoluteBound && nans == 0 && wrongInfinities == 0 && (falls ?? 0) == 0
  }

  /// Prints itself as one line of JSON.
  func emit() throws {
    print(try JSONText.canonical(self))
    fflush(nil)
  }
}
