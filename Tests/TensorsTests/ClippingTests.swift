import Tensors
import Testing

@Suite struct `Clipped activations` {
  @Test(arguments: ActivationFormula.allCases, [Float(0.4), 1, 2.5])
  func `stay within the limit, have no slope at it, and count as saturated there`(
    _ formula: ActivationFormula, _ limit: Float
  ) {
    var numbers = Numbers(seed: 41)
    let (rows, units) = (100, 21)
    let z = numbers.rows(rows, units, scale: 5)
    z[0, 0] = limit
    z[1, 0] = .nan
    let (plain, x) = (z.copy(), z.copy())
    let (derivative, plainDerivative) = (Matrix(rows, units), Matrix(rows, units))
    let (stats, plainStats) = (UnitStats(units: units), UnitStats(units: units))
    let dy = numbers.rows(rows, units)
    let upstream = dy.copy()
    let sums = AlignedBuffer<Float>(count: 32)
    withArithmeticMode {
      Kernels.active.activate(
        formula, rows: rows, units: units, z: plain.rows, derivative: plainDerivative.storage.pointer,
        stats: plainStats)
      Kernels.active.activate(
        formula, rows: rows, units: units, z: z.rows, derivative: derivative.storage.pointer, limit: limit,
        stats: stats)
      Kernels.active.activateBackward(
        formula, rows: rows, units: units, dy: dy.rows, y: z.rows,
        derivative: formula.keepsDerivative ? derivative.storage.pointer : nil, limit: limit, sums: sums.pointer)
    }
    var clipped: Int64 = 0
    for row in 0..<rows {
      for unit in 0..<units where !x[row, unit].isNaN {
        let y = plain[row, unit]
        #expect(z[row, unit] == min(max(y, -limit), limit))
        let slope = abs(y) < limit ? plainDerivative[row, unit] : 0
        #expect(derivative[row, unit] == slope)
        #expect(dy[row, unit] == upstream[row, unit] * slope)
        if abs(y) >= limit { clipped += 1 }
      }
    }
    #expect(z[1, 0].isNaN && stats.total.nonFinite == 1)
    let (counted, natural) = (stats.total.saturated, plainStats.total.saturated)
    #expect(counted >= clipped && counted <= clipped + natural)
    #expect(stats.total.maximum <= limit && stats.total.minimum >= -limit)
  }

  @Test func `clip gates and learned slopes alike`() {
    var numbers = Numbers(seed: 42)
    let z = numbers.rows(40, 22, scale: 5)
    let (y, plain, other) = (Matrix(40, 11), Matrix(40, 11), z.copy())
    let slopes = numbers.array(11)
    let (w, v) = (numbers.rows(40, 11, scale: 5), Matrix(40, 11))
    let whole = w.copy()
    let (dy, sums, slopeGradient) = (
      numbers.rows(40, 11), AlignedBuffer<Float>(count: 16), AlignedBuffer<Float>(count: 16)
    )
    let stats = UnitStats(units: 11)
    withArithmeticMode {
      let kernels = Kernels.active
      kernels.gate(.geglu, rows: 40, units: 11, z: other.rows, y: plain.rows, derives: false, stats: nil)
      kernels.gate(.geglu, rows: 40, units: 11, z: z.rows, y: y.rows, derives: true, limit: 1.5, stats: stats)
      kernels.prelu(
        rows: 40, units: 11, z: whole.rows, kept: nil, slopes: slopes.pointer, stats: nil)
      kernels.prelu(
        rows: 40, units: 11, z: w.rows, kept: v.storage.pointer, slopes: slopes.pointer, limit: 1.5, stats: nil)
      kernels.preluBackward(
        rows: 40, units: 11, dy: dy.rows, y: w.rows, kept: v.storage.pointer, slopes: slopes.pointer, limit: 1.5,
        sums: sums.pointer, slopeGradient: slopeGradient.pointer)
    }
    var clipped: Int64 = 0
    for row in 0..<40 {
      for unit in 0..<11 {
        #expect(y[row, unit] == min(max(plain[row, unit], -1.5), 1.5))
        let isClipped = abs(plain[row, unit]) >= 1.5
        if isClipped {
          clipped += 1
          #expect(z[row, unit] == 0 && z[row, 11 + unit] == 0)
        }
        #expect(w[row, unit] == min(max(whole[row, unit], -1.5), 1.5))
        if abs(whole[row, unit]) >= 1.5 { #expect(dy[row, unit] == 0) }
      }
    }
    #expect(clipped > 0 && stats.total.saturated == clipped)
  }
}
