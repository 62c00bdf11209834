import Foundation
import Tensors
import Testing
import Vocabulary

/// What an activation is, in double precision.
struct ActivationReference: Sendable {
  let formula: ActivationFormula
  let value: @Sendable (Double) -> Double
  let derivative: @Sendable (Double) -> Double
  /// Where the result is within 4 ULP or this close, it is right: near the function's zeros and in its vanishing tail.
  let valueBound: Double
  let derivativeBound: Double

  static func sigmoid(_ x: Double) -> Double { x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)) }

  static let all: [ActivationReference] = [
    ActivationReference(
      formula: .relu, value: { max(0, $0) }, derivative: { $0 > 0 ? 1 : 0 }, valueBound: 0, derivativeBound: 0),
    ActivationReference(
      formula: .leakyRelu, value: { $0 > 0 ? $0 : $0 / 100 }, derivative: { $0 > 0 ? 1 : 0.01 }, valueBound: 1.2e-38,
      derivativeBound: 0),
    ActivationReference(
      formula: .gelu, value: { $0 * sigmoid(geluInner($0)) },
      derivative: {
        let s = sigmoid(geluInner($0))
        let slope = s * sigmoid(-geluInner($0))
        return s + (slope == 0 ? 0 : $0 * slope * (2 * (2 / Double.pi).squareRoot() * (1 + 3 * 0.044715 * $0 * $0)))
      }, valueBound: 5e-8, derivativeBound: 2e-7),
    ActivationReference(
      formula: .swish, value: { $0 * sigmoid($0) },
      derivative: { sigmoid($0) * (1 + (abs($0) > 1000 ? 0 : $0) * sigmoid(-$0)) }, valueBound: 5e-36,
      derivativeBound: 1.5e-7),
    ActivationReference(
      formula: .tanh, value: { Foundation.tanh($0) },
      derivative: {
        let e = exp(-2 * abs($0))
        return 4 * e / ((1 + e) * (1 + e))
      }, valueBound: 1.2e-38, derivativeBound: 5e-38),
    ActivationReference(
      formula: .sigmoid, value: sigmoid, derivative: { sigmoid($0) * sigmoid(-$0) }, valueBound: 1.3e-38,
      derivativeBound: 1.3e-38),
    ActivationReference(
      formula: .identity, value: { $0 }, derivative: { _ in 1 }, valueBound: 1.2e-38, derivativeBound: 0),
  ]

  static func geluInner(_ x: Double) -> Double {
    let bounded = min(max(x, -1e50), 1e50)
    return 2 * (2 / Double.pi).squareRoot() * (bounded + 0.044715 * bounded * bounded * bounded)
  }
}

/// Finite floats from everywhere, dense where things happen, and every special value.
private let sample: [Float] = {
  var values: [Float] = [0, -0.0, .leastNormalMagnitude, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1, 0.625]
  for exponent in -126...127 { values.append(Float(sign: .plus, exponent: exponent, significand: 1)) }
  values += [87.33654, 87.33655, 88.72284, 103.97208, 16.635532, 9.010913, 12, 0.6250001, 0.99, 0.01]
  var pattern: UInt32 = 0
  while pattern < Float.infinity.bitPattern {
    values.append(Float(bitPattern: pattern))
    pattern += 9973
  }
  for step in 0..<100_000 { values.append(Float(step) * 0.000_21) }
  values += values.map { -$0 }
  values += values.flatMap { [$0.nextUp, $0.nextDown] }.prefix(2000)
  return values.filter(\.isFinite)
}()

@Suite struct `Activations` {
  @Test(arguments: ActivationReference.all)
  func `are right on every kind of float`(_ reference: ActivationReference) {
    withArithmeticMode {
      let (values, derivatives) = run(reference.formula, sample, Kernels.active)
      var worst = (value: 0.0, at: Float(0), derivative: 0.0, derivativeAt: Float(0))
      for (index, x) in sample.enumerated() {
        if !values[index].isFinite || !derivatives[index].isFinite {
          Issue.record("\(reference.formula)(\(x)) = \(values[index]), slope \(derivatives[index])")
          return
        }
        let flushed = x.isSubnormal ? 0 : x
        let value = error(values[index], reference.value(Double(flushed)), bound: reference.valueBound)
        if value > worst.value { (worst.value, worst.at) = (value, x) }
        let slope = error(derivatives[index], reference.derivative(Double(flushed)), bound: reference.derivativeBound)
        if slope > worst.derivative { (worst.derivative, worst.derivativeAt) = (slope, x) }
      }
      #expect(worst.value <= 4, "\(reference.formula)(\(worst.at)) is \(worst.value) ULP away")
      #expect(
        worst.derivative <= 4, "slope of \(reference.formula) at \(worst.derivativeAt) is \(worst.derivative) ULP away")
    }
  }

  @Test(arguments: ActivationReference.all)
  func `pass a NaN on`(_ reference: ActivationReference) {
    let (values, _) = run(reference.formula, [.nan], Kernels.active)
    #expect(values[0].isNaN)
  }

  @Test(arguments: CPULevelNames.vector, ActivationReference.all.map(\.formula))
  func `have the same bits on every level over the whole sample`(
    _ level: Kernels.Level, _ formula: ActivationFormula
  ) throws {
    let part = sample.enumerated().filter { $0.offset % 16 == 0 }.map(\.element)
    let scalar = try #require(Kernels(level: .scalar))
    let kernels = try #require(Kernels(level: level))
    withArithmeticMode {
      let expected = run(formula, part, scalar)
      let found = run(formula, part, kernels)
      #expect(expected.values.map(\.bitPattern) == found.values.map(\.bitPattern))
      #expect(expected.derivatives.map(\.bitPattern) == found.derivatives.map(\.bitPattern))
    }
  }

  @Test func `stand on an exponential and a logarithm of few ULP`() {
    withArithmeticMode {
      let exponents = AlignedBuffer(sample.filter { $0 <= 0 && $0 > -87.3 })
      let powers = AlignedBuffer<Float>(count: exponents.count)
      Kernels.active.expNonpositive(count: exponents.count, exponents.pointer, powers.pointer)
      let units = AlignedBuffer(sample.filter { $0 >= 0 && $0 <= 1 })
      let logarithms = AlignedBuffer<Float>(count: units.count)
      Kernels.active.log1pUnit(count: units.count, units.pointer, logarithms.pointer)
      let exponential = exponents.buffer.indices.filter { !exponents[$0].isSubnormal }
        .map { error(powers[$0], exp(Double(exponents[$0])), bound: 1.2e-38) }.max()
      let logarithm = units.buffer.indices.filter { !units[$0].isSubnormal }
        .map { error(logarithms[$0], log1p(Double(units[$0])), bound: 2.4e-38) }.max()
      #expect(exponential ?? .infinity <= 1.5)
      #expect(logarithm ?? .infinity <= 3)
    }
  }

  private func run(
    _ formula: ActivationFormula, _ inputs: [Float], _ kernels: Kernels
  ) -> (values: [Float], derivatives: [Float]) {
    let z = Matrix(1, inputs.count)
    for (index, x) in inputs.enumerated() { z[0, index] = x }
    let derivative = Matrix(1, inputs.count)
    kernels.activate(
      formula, rows: 1, units: inputs.count, z: z.rows, derivative: derivative.storage.pointer, stats: nil)
    return (inputs.indices.map { z[0, $0] }, inputs.indices.map { derivative[0, $0] })
  }

  /// Distance in units in the last place of the true value; 0 where within the absolute bound.
  private func error(_ found: Float, _ truth: Double, bound: Double) -> Double {
    let distance = abs(Double(found) - truth)
    if distance <= bound { return 0 }
    let unit = max(Double(Float(truth).ulp), Double(Float.leastNormalMagnitude) * 0x1p-23)
    return distance / unit
  }
}

enum CPULevelNames {
  static let vector = Kernels.available.map(\.level).filter { $0 != .scalar }
}
