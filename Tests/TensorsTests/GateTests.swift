import Foundation
import Tensors
import Testing

@Suite struct `Gates` {
  private static let functions: [(GateFormula, ActivationFormula)] = [
    (.glu, .sigmoid), (.swiglu, .swish), (.geglu, .gelu), (.reglu, .relu),
  ]

  @Test(arguments: functions, [1, 7, 16, 21, 48])
  func `multiply the value by a function of the gate, both ways`(
    _ pair: (GateFormula, ActivationFormula), _ units: Int
  ) {
    var numbers = Numbers(seed: 21)
    let z = numbers.rows(70, 2 * units, scale: 4)
    let input = z.copy()
    let y = Matrix(70, units)
    let stats = UnitStats(units: units)
    let dy = numbers.rows(70, units)
    let dz = Matrix(70, 2 * units)
    let sums = AlignedBuffer<Float>(count: paddedToLanes(2 * units) + 16)
    withArithmeticMode {
      Kernels.active.gate(pair.0, rows: 70, units: units, z: z.rows, y: y.rows, derives: true, stats: stats)
      Kernels.active.gateBackward(
        rows: 70, units: units, dy: dy.rows, partials: z.rows, dz: dz.rows, sums: sums.pointer)
    }
    for unit in 0..<units {
      var valueSum: Float = 0
      var gateSum: Float = 0
      for row in 0..<70 {
        let value = Double(input[row, unit])
        let f = pair.1.reference(Double(input[row, units + unit]))
        #expect(near(y[row, unit], value * f.value))
        #expect(near(dz[row, unit], Double(dy[row, unit]) * f.value))
        #expect(near(dz[row, units + unit], Double(dy[row, unit]) * value * f.derivative))
        valueSum += dz[row, unit]
        gateSum += dz[row, units + unit]
      }
      #expect(sums[unit] == valueSum && sums[units + unit] == gateSum)
      #expect(stats.active[unit] == (0..<70).count { y[$0, unit] != 0 })
    }
    let outputs = (0..<70).flatMap { row in (0..<units).map { y[row, $0] } }
    #expect(stats.total.maximum == outputs.max() && stats.total.minimum == outputs.min())
    for row in 0..<70 {
      for column in units..<paddedToLanes(units) { #expect(y.storage[row * y.stride + column] == 0) }
    }
  }

  @Test func `answer the same without derivatives, and may turn partials into gradients in place`() {
    var numbers = Numbers(seed: 22)
    let z = numbers.rows(9, 26, scale: 4)
    let plain = z.copy()
    let (y, y2) = (Matrix(9, 13), Matrix(9, 13))
    let dy = numbers.rows(9, 13)
    let dz = Matrix(9, 26)
    let sums = AlignedBuffer<Float>(count: 48)
    withArithmeticMode {
      Kernels.active.gate(.swiglu, rows: 9, units: 13, z: plain.rows, y: y2.rows, derives: false, stats: nil)
      Kernels.active.gate(.swiglu, rows: 9, units: 13, z: z.rows, y: y.rows, derives: true, stats: nil)
      Kernels.active.gateBackward(
        rows: 9, units: 13, dy: dy.rows, partials: z.rows, dz: dz.rows, sums: sums.pointer)
      Kernels.active.gateBackward(rows: 9, units: 13, dy: dy.rows, partials: z.rows, dz: z.rows, sums: sums.pointer)
    }
    #expect(y.bits == y2.bits)
    #expect(dz.bits == z.bits)
  }

  private func near(_ found: Float, _ expected: Double) -> Bool {
    abs(Double(found) - expected) <= 5e-7 * max(1e-3, abs(expected)) + 2e-7
  }
}

@Suite struct `Learned slopes` {
  @Test func `scale what is below zero, unit by unit, and have its sum as their gradient`() {
    var numbers = Numbers(seed: 23)
    let (rows, units) = (75, 19)
    let z = numbers.rows(rows, units, scale: 3)
    let x = z.copy()
    let kept = Matrix(rows, units)
    let slopes = numbers.array(units)
    slopes[3] = 0
    let stats = UnitStats(units: units)
    let dy = numbers.rows(rows, units)
    let upstream = dy.copy()
    let (sums, slopeGradient) = (AlignedBuffer<Float>(count: 32), AlignedBuffer<Float>(count: 32))
    withArithmeticMode {
      Kernels.active.prelu(
        rows: rows, units: units, z: z.rows, kept: kept.storage.pointer, slopes: slopes.pointer, stats: stats)
      Kernels.active.preluBackward(
        rows: rows, units: units, dy: dy.rows, y: z.rows, kept: kept.storage.pointer, slopes: slopes.pointer,
        sums: sums.pointer, slopeGradient: slopeGradient.pointer)
    }
    for unit in 0..<units {
      var gradient = 0.0
      for row in 0..<rows {
        let isPositive = x[row, unit] > 0
        #expect(z[row, unit] == (isPositive ? x[row, unit] : x[row, unit] * slopes[unit]))
        #expect(dy[row, unit] == (isPositive ? upstream[row, unit] : upstream[row, unit] * slopes[unit]))
        if !isPositive { gradient += Double(upstream[row, unit]) * Double(x[row, unit]) }
      }
      #expect(abs(Double(slopeGradient[unit]) - gradient) < 1e-4)
      #expect(sums[unit] == (0..<rows).reduce(Float(0)) { $0 + dy[$1, unit] })
    }
    #expect(stats.total.negative == (0..<rows).reduce(0) { sum, row in sum + (0..<units).count { z[row, $0] < 0 } })
  }
}
