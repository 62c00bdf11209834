import Tensors
import Testing

/// Every activation, forward, back and counted, on every level this CPU has, held against the scalar level.
@Suite struct `CPU levels of activations` {
  /// Outputs of layers before activation, among them every special kind.
  private func layer(_ numbers: inout Numbers, _ rows: Int, _ columns: Int) -> Matrix {
    let z = numbers.rows(rows, columns, scale: 9)
    z[3, 4] = 0
    z[5, 6] = -0.0
    z[7, 1] = .greatestFiniteMagnitude
    z[9, 2] = -.greatestFiniteMagnitude
    z[70, 5] = .infinity
    z[71, 5] = .nan
    return z
  }

  @Test(arguments: vectorLevels, ActivationFormula.allCases)
  func `give the same values, derivatives, sums and counts, clipped or not`(
    _ level: Kernels.Level, _ formula: ActivationFormula
  ) throws {
    for limit: Float in [.infinity, 1.5] {
      try expectScalarBits(on: level) { kernels in
        var numbers = Numbers(seed: 3)
        let z = layer(&numbers, 150, 37)
        let (counted, plain) = (z.copy(), z.copy())
        let derivative = Matrix(150, 37)
        let (stats, alone) = (UnitStats(units: 37), UnitStats(units: 37))
        kernels.activate(
          formula, rows: 150, units: 37, z: z.rows, derivative: derivative.storage.pointer, limit: limit, stats: stats)
        kernels.activate(
          formula, rows: 150, units: 37, z: counted.rows, derivative: nil, limit: limit, stats: alone)
        kernels.activate(formula, rows: 150, units: 37, z: plain.rows, derivative: nil, limit: limit, stats: nil)
        #expect(counted.numberBits == z.numberBits && plain.numberBits == z.numberBits && alone.bits == stats.bits)
        let dy = numbers.rows(150, 37)
        let sums = AlignedBuffer<Float>(count: 48)
        kernels.activateBackward(
          formula, rows: 150, units: 37, dy: dy.rows, y: z.rows,
          derivative: formula.keepsDerivative ? derivative.storage.pointer : nil, limit: limit, sums: sums.pointer)
        return z.numberBits + derivative.numberBits + dy.numberBits + sums.numberBits + stats.bits
      }
    }
  }

  @Test(arguments: vectorLevels, GateFormula.allCases)
  func `give the same gates`(_ level: Kernels.Level, _ formula: GateFormula) throws {
    for (units, limit) in [(3, Float.infinity), (16, 1), (21, .infinity), (32, 2)] {
      try expectScalarBits(on: level) { kernels in
        var numbers = Numbers(seed: 5)
        let z = layer(&numbers, 80, 2 * units)
        let y = Matrix(80, units)
        let stats = UnitStats(units: units)
        kernels.gate(
          formula, rows: 80, units: units, z: z.rows, y: y.rows, derives: true, limit: limit, stats: stats)
        let dy = numbers.rows(80, units)
        let dz = Matrix(80, 2 * units)
        let sums = AlignedBuffer<Float>(count: paddedToLanes(2 * units) + 16)
        kernels.gateBackward(
          rows: 80, units: units, dy: dy.rows, partials: z.rows, dz: dz.rows, sums: sums.pointer)
        return z.numberBits + y.numberBits + dz.numberBits + sums.numberBits + stats.bits
      }
    }
  }

  @Test(arguments: vectorLevels, [Float.infinity, 2])
  func `give the same learned slopes`(_ level: Kernels.Level, _ limit: Float) throws {
    try expectScalarBits(on: level) { kernels in
      var numbers = Numbers(seed: 6)
      let z = layer(&numbers, 90, 21)
      let kept = Matrix(90, 21)
      let slopes = numbers.array(21)
      let stats = UnitStats(units: 21)
      kernels.prelu(
        rows: 90, units: 21, z: z.rows, kept: kept.storage.pointer, slopes: slopes.pointer, limit: limit, stats: stats)
      let dy = numbers.rows(90, 21)
      let (sums, gradient) = (AlignedBuffer<Float>(count: 32), AlignedBuffer<Float>(count: 32))
      kernels.preluBackward(
        rows: 90, units: 21, dy: dy.rows, y: z.rows, kept: kept.storage.pointer, slopes: slopes.pointer, limit: limit,
        sums: sums.pointer, slopeGradient: gradient.pointer)
      return z.numberBits + kept.numberBits + dy.numberBits + sums.numberBits + gradient.numberBits + stats.bits
    }
  }

  @Test(arguments: vectorLevels, RowFormula.allCases)
  func `give the same softmax over rows`(_ level: Kernels.Level, _ formula: RowFormula) throws {
    for units in [7, 16, 37] {
      try expectScalarBits(on: level) { kernels in
        var numbers = Numbers(seed: 7)
        let z = layer(&numbers, 80, units)
        let stats = UnitStats(units: units)
        kernels.softmax(formula, rows: 80, units: units, z: z.rows, stats: stats)
        let dy = numbers.rows(80, units)
        let sums = AlignedBuffer<Float>(count: paddedToLanes(units))
        kernels.softmaxBackward(formula, rows: 80, units: units, dy: dy.rows, y: z.rows, sums: sums.pointer)
        return z.numberBits + dy.numberBits + sums.numberBits + stats.bits
      }
    }
  }
}

extension Matrix {
  /// The bits of the live columns, all NaN alike: which one of two NaN goes on is the processor's choice.
  fileprivate var numberBits: [UInt32] { bits.map(\.oneNaN) }
}

extension AlignedBuffer where Element == Float {
  fileprivate var numberBits: [UInt32] { bits.map(\.oneNaN) }
}

extension UInt32 {
  fileprivate var oneNaN: UInt32 { Float(bitPattern: self).isNaN ? Float.nan.bitPattern : self }
}

extension UnitStats {
  fileprivate var bits: [UInt32] {
    let total = total
    var bits = (0..<units).map { UInt32(active[$0]) }
    bits += [total.active, total.negative, total.saturated, total.nonFinite].map { UInt32($0) }
    bits += [total.minimum.bitPattern, total.maximum.bitPattern]
    for sum in [total.sum, total.square] {
      bits += [UInt32(truncatingIfNeeded: sum.bitPattern), UInt32(sum.bitPattern >> 32)]
    }
    return bits
  }
}
