import Foundation
import Tensors
import Testing
import Vocabulary

@Suite struct `Activations` {
  @Test(arguments: ActivationFormula.allCases)
  func `are as accurate as their table says on every kind of float`(_ formula: ActivationFormula) {
    var sweep = ActivationSweep()
    sweep.add(floatSample, formula, Kernels.active)
    #expect(sweep.inputs == floatSample.count)
    for breach in sweep.breaches(formula) { Issue.record("\(breach)") }
  }

  @Test(arguments: ActivationFormula.allCases.filter(\.accuracy.isMonotone))
  func `never fall where they must not, not even by a last bit`(_ formula: ActivationFormula) {
    var runs = [floatSample]
    for start: Float in [-88, -44, -17, -9, -3.5, -1.1, -1, -0.63, -0.35, -1e-3, 0, 0.3, 0.62, 0.999, 2.9, 5.9995, 16] {
      var x = start
      runs.append(
        (0..<20_000).map { _ in
          defer { x = x.nextUp }
          return x
        })
    }
    for inputs in runs {
      var sweep = ActivationSweep()
      sweep.add(inputs, formula, Kernels.active)
      #expect(sweep.falls == 0, "\(formula) falls at \(sweep.fallAt)")
    }
  }

  @Test(arguments: ActivationFormula.allCases)
  func `pass a NaN on, and let no infinity look like a number unless they have a limit there`(
    _ formula: ActivationFormula
  ) {
    for kernels in Kernels.available {
      withArithmeticMode {
        let (values, derivatives) = run(formula, [.nan, .infinity, -.infinity, 1e30, -1e30], kernels)
        #expect(values[0].isNaN)
        for (infinite, finite) in [(1, 3), (2, 4)] {
          let isGrowing = values[finite].magnitude > 1e20
          #expect(isGrowing ? !values[infinite].isFinite : values[infinite] == values[finite])
          #expect(derivatives[infinite] == derivatives[finite])
        }
      }
    }
  }

  @Test(arguments: vectorLevels, ActivationFormula.allCases)
  func `have the same bits on every level over the whole sample`(
    _ level: Kernels.Level, _ formula: ActivationFormula
  ) throws {
    let part = floatSample.enumerated().filter { $0.offset % 16 == 0 }.map(\.element)
    let scalar = try #require(Kernels(level: .scalar))
    let kernels = try #require(Kernels(level: level))
    withArithmeticMode {
      let expected = run(formula, part, scalar)
      let found = run(formula, part, kernels)
      let values = part.indices.filter { expected.values[$0].bitPattern != found.values[$0].bitPattern }
      let slopes = part.indices.filter { expected.derivatives[$0].bitPattern != found.derivatives[$0].bitPattern }
      #expect(values.isEmpty, "\(values.count) values, the first at \(part[values.first ?? 0])")
      #expect(slopes.isEmpty, "\(slopes.count) slopes, the first at \(part[slopes.first ?? 0])")
    }
  }

  @Test func `stand on an exponential and a logarithm of few ULP`() {
    withArithmeticMode {
      let exponents = AlignedBuffer(floatSample.filter { $0 <= 0 && $0 > -87.3 })
      let powers = AlignedBuffer<Float>(count: exponents.count)
      Kernels.active.expNonpositive(count: exponents.count, exponents.pointer, powers.pointer)
      let units = AlignedBuffer(floatSample.filter { $0 >= 0 && $0 <= 1 })
      let logarithms = AlignedBuffer<Float>(count: units.count)
      Kernels.active.log1pUnit(count: units.count, units.pointer, logarithms.pointer)
      func error(_ found: Float, _ truth: Double) -> Double {
        // A quotient by two is flushed below FLT_MIN in the logarithm.
        abs(Double(found) - truth) <= 0x1.000002p-125 ? 0 : abs(Double(found) - truth) / Double(Float(truth).ulp)
      }
      let exponential = exponents.buffer.indices.filter { !exponents[$0].isSubnormal }
        .map { error(powers[$0], exp(Double(exponents[$0]))) }.max()
      let logarithm = units.buffer.indices.filter { !units[$0].isSubnormal }
        .map { error(logarithms[$0], log1p(Double(units[$0]))) }.max()
      #expect(exponential ?? .infinity <= 1)
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
}
