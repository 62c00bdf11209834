import Foundation
import Tensors
import Testing

@Suite struct `Softmax over rows` {
  private func reference(_ formula: RowFormula, _ x: [Double]) -> [Double] {
    let most = x.max() ?? 0
    let total = x.reduce(0) { $0 + exp($1 - most) }
    return x.map { formula == .softmax ? exp($0 - most) / total : $0 - most - log(total) }
  }

  @Test(arguments: RowFormula.allCases, [1, 2, 9, 16, 33])
  func `is that of double precision, and its gradient that of finite differences`(
    _ formula: RowFormula, _ units: Int
  ) {
    var numbers = Numbers(seed: 31)
    let z = numbers.rows(7, units, scale: 6)
    if units > 2 { z[1, 2] = 100 }
    let x = z.copy()
    let dy = numbers.rows(7, units)
    let upstream = dy.copy()
    let sums = AlignedBuffer<Float>(count: paddedToLanes(units))
    let stats = UnitStats(units: units)
    withArithmeticMode {
      Kernels.active.softmax(formula, rows: 7, units: units, z: z.rows, stats: stats)
      Kernels.active.softmaxBackward(
        formula, rows: 7, units: units, dy: dy.rows, y: z.rows, sums: sums.pointer)
    }
    for row in 0..<7 {
      let inputs = (0..<units).map { Double(x[row, $0]) }
      let expected = reference(formula, inputs)
      func weighted(_ inputs: [Double]) -> Double {
        zip(reference(formula, inputs), 0..<units).reduce(0) { $0 + $1.0 * Double(upstream[row, $1.1]) }
      }
      for unit in 0..<units {
        #expect(
          abs(Double(z[row, unit]) - expected[unit]) <= 1e-6 * max(formula == .softmax ? 1e-31 : 1, abs(expected[unit]))
        )
        var (above, below) = (inputs, inputs)
        above[unit] += 1e-5
        below[unit] -= 1e-5
        let gradient = (weighted(above) - weighted(below)) / 2e-5
        #expect(abs(Double(dy[row, unit]) - gradient) <= 2e-6 * Double(units))
      }
      for column in units..<paddedToLanes(units) { #expect(z.storage[row * z.stride + column] == 0) }
    }
    for unit in 0..<units {
      #expect(sums[unit] == (0..<7).reduce(Float(0)) { $0 + dy[$1, unit] })
      #expect(stats.active[unit] == (0..<7).count { z[$0, unit] != 0 })
    }
  }

  @Test(arguments: RowFormula.allCases)
  func `overflows nowhere, and passes a NaN on to its row alone`(_ formula: RowFormula) {
    let z = Matrix(3, 5)
    let extremes: [Float] = [.greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0, 1e38, -1e38]
    for (unit, x) in extremes.enumerated() {
      z[0, unit] = x
      z[1, unit] = unit == 3 ? .nan : 1
      z[2, unit] = -200
    }
    withArithmeticMode { Kernels.active.softmax(formula, rows: 3, units: 5, z: z.rows, stats: nil) }
    let shares = (0..<5).map { z[0, $0] }
    #expect(shares.allSatisfy { !$0.isNaN } && shares[0] == (formula == .softmax ? 1 : 0))
    #expect((0..<5).allSatisfy { z[1, $0].isNaN })
    #expect((0..<5).allSatisfy { abs(z[2, $0] - (formula == .softmax ? 0.2 : -log(5))) < 1e-6 })
  }
}
