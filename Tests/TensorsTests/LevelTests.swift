import Tensors
import Testing
import Vocabulary

/// Every kernel beside the products, on every level this CPU has, held against the scalar level.
@Suite struct `CPU levels` {
  @Test(arguments: vectorLevels, [1, 5, 16, 37, 64])
  func `give the same LayerNorm both ways`(_ level: Kernels.Level, _ units: Int) throws {
    try expectScalarBits(on: level) { kernels in
      var numbers = Numbers(seed: 4)
      let z = numbers.rows(11, units, scale: 3)
      let gain = numbers.array(units)
      let offset = numbers.array(units)
      let normalized = Matrix(11, units)
      let inverse = AlignedBuffer<Float>(count: 16)
      kernels.layerNorm(
        rows: 11, units: units, z: z.rows, gain: gain.pointer, offset: offset.pointer,
        normalized: normalized.storage.pointer, inverseDeviation: inverse.pointer)
      let dz = numbers.rows(11, units)
      let dgain = AlignedBuffer<Float>(count: paddedToLanes(units))
      let sums = AlignedBuffer<Float>(count: paddedToLanes(units))
      kernels.layerNormBackward(
        rows: 11, units: units, dz: dz.rows, gain: gain.pointer, normalized: normalized.storage.pointer,
        inverseDeviation: inverse.pointer, gainGradient: dgain.pointer, sums: sums.pointer)
      return z.bits + normalized.bits + inverse.bits + dz.bits + dgain.bits + sums.bits
    }
  }

  @Test(arguments: vectorLevels)
  func `give the same losses`(_ level: Kernels.Level) throws {
    try expectScalarBits(on: level) { kernels in
      var numbers = Numbers(seed: 5)
      let rows = 37
      let logits = numbers.array(rows, scale: 20)
      logits[3] = 0
      logits[4] = 200
      logits[5] = -200
      let labels = AlignedBuffer((0..<rows).map { $0 % 7 == 6 ? Float.nan : Float($0 % 2) })
      let (p, gradient, loss) = (
        AlignedBuffer<Float>(count: 48), AlignedBuffer<Float>(count: 48), AlignedBuffer<Float>(count: 48)
      )
      kernels.binaryLoss(
        rows: rows, logits: logits.pointer, labels: labels.pointer, probabilities: p.pointer,
        gradient: gradient.pointer,
        loss: loss.pointer)
      var bits = p.bits + gradient.bits + loss.bits.filter { !Float(bitPattern: $0).isNaN }
      for classes in [2, 5, 19] {
        let z = numbers.rows(rows, classes, scale: 30)
        let classLabels = AlignedBuffer((0..<rows).map { $0 % 7 == 6 ? Float.nan : Float($0 % classes) })
        let probabilities = Matrix(rows, classes)
        let dz = Matrix(rows, classes)
        kernels.softmaxLoss(
          rows: rows, classes: classes, logits: z.rows, labels: classLabels.pointer,
          probabilities: probabilities.storage.pointer, gradient: dz.storage.pointer, loss: loss.pointer)
        bits += probabilities.bits + dz.bits + loss.bits.filter { !Float(bitPattern: $0).isNaN }
      }
      return bits
    }
  }

  @Test(arguments: vectorLevels)
  func `multiply and add with one rounding, also where sums nearly cancel or vanish`(_ level: Kernels.Level) throws {
    // One row and one input: z = bias + x·w is a single fused multiply-add, exercised here over hard operands.
    let hard: [Float] = [
      0, -0.0, 1, -1, 1 + .ulpOfOne, 1 - .ulpOfOne / 2, 0x1p-126, -0x1p-126, 0x1p-149, 0x1p-100, 0x1.fffffep127, 0x1p64,
      3, 1.0 / 3, 0x1.000002p0, 0x1.fffffep-1, 0x1.8p-24, .infinity, -.infinity,
    ]
    try expectScalarBits(on: level) { kernels in
      var numbers = Numbers(seed: 8)
      var bits: [UInt32] = []
      func one(_ x: Float, _ w: Float, _ bias: Float) {
        let (xs, z) = (Matrix(1, 1), Matrix(1, 1))
        xs[0, 0] = x
        let weights = panels(1, 1) { _, _ in w }
        let biases = AlignedBuffer([bias])
        kernels.denseForward(
          rows: 1, x: xs.rows, weights: PackedMatrix(weights.pointer, inputs: 1, outputs: 1), bias: biases.pointer,
          z: z.rows)
        bits.append(z[0, 0].isNaN ? 0x7fc0_0000 : z[0, 0].bitPattern)
      }
      for x in hard { for w in hard { for bias in hard { one(x, w, bias) } } }
      for _ in 0..<3000 {
        let (x, w) = (numbers.next(), numbers.next())
        one(x, w, -x * w)
        one(x, w, (-x * w).nextUp)
        one(x, w, Float(sign: .plus, exponent: Int.random(in: -60...60, using: &numbers.random), significand: 1))
      }
      return bits
    }
  }
}
