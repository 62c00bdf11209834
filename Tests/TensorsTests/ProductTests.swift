import Tensors
import Testing
import Vocabulary

/// Shapes around every tile's edge.
private let shapes: [(rows: Int, inputs: Int, outputs: Int)] = [
  (1, 1, 1), (1, 64, 256), (2, 17, 16), (3, 5, 33), (4, 16, 48), (5, 31, 65), (6, 64, 80), (7, 3, 17), (13, 40, 64),
  (14, 18, 32), (19, 300, 33), (29, 129, 20), (140, 20, 18),
  // Blocks of depth and of rows, packed columns, groups of strips.
  (270, 321, 230), (70, 600, 250),
]

@Suite struct `Matrix products` {
  @Test(arguments: Kernels.available.map(\.level), shapes.indices)
  func `sum in the documented order, to the last bit`(_ level: Kernels.Level, _ shape: Int) throws {
    let kernels = try #require(Kernels(level: level))
    let (rows, inputs, outputs) = shapes[shape]
    var numbers = Numbers(seed: UInt64(shape) + 1)
    let x = numbers.rows(rows, inputs)
    let dz = numbers.rows(rows, outputs)
    let plain = numbers.array(inputs * outputs)
    let weights = panels(inputs, outputs) { plain[$0 * outputs + $1] }
    let bias = numbers.array(outputs)

    let z = Matrix(rows, outputs)
    kernels.denseForward(
      rows: rows, x: x.rows, weights: PackedMatrix(weights.pointer, inputs: inputs, outputs: outputs),
      bias: bias.pointer, z: z.rows)
    let gradient = AlignedBuffer<Float>(count: paddedToLanes(outputs) * inputs)
    let scratch = AlignedBuffer<Float>(count: Kernels.scratchCount(outputs: outputs))
    kernels.denseWeightGradient(
      rows: rows, x: x.rows, dz: dz.rows,
      gradient: PackedMatrix(gradient.pointer, inputs: inputs, outputs: outputs), scratch: scratch.pointer)
    let dx = Matrix(rows, inputs)
    kernels.denseInputGradient(
      rows: rows, columns: inputs, dz: dz.rows,
      weights: PackedMatrix(weights.pointer, inputs: inputs, outputs: outputs), dx: dx.rows, scratch: scratch.pointer)

    for output in 0..<outputs {
      for row in 0..<rows {
        var sum = bias[output]
        for input in 0..<inputs { sum.addProduct(x[row, input], plain[input * outputs + output]) }
        #expect(z[row, output] == sum)
      }
      for input in 0..<inputs {
        var sum: Float = 0
        for row in 0..<rows { sum.addProduct(x[row, input], dz[row, output]) }
        #expect(gradient[(output / 16 * inputs + input) * 16 + output % 16] == sum)
      }
    }
    for row in 0..<rows {
      for input in 0..<inputs {
        var sum: Float = 0
        for output in 0..<outputs { sum.addProduct(dz[row, output], plain[input * outputs + output]) }
        #expect(dx[row, input] == sum)
      }
    }
  }

  @Test(arguments: Kernels.available.map(\.level), [(1, 1, 1), (3, 17, 1), (5, 128, 4), (9, 40, 11)])
  func `with few outputs sum in sixteen lanes and a tree`(_ level: Kernels.Level, _ shape: (Int, Int, Int)) throws {
    let kernels = try #require(Kernels(level: level))
    let (rows, inputs, outputs) = shape
    var numbers = Numbers(seed: 5)
    let x = numbers.rows(rows, inputs)
    let dz = numbers.rows(rows, outputs)
    let width = paddedToLanes(inputs)
    let weights = AlignedBuffer<Float>(count: outputs * width)
    for output in 0..<outputs {
      for input in 0..<inputs { weights[output * width + input] = numbers.next() }
    }
    let bias = numbers.array(outputs)
    let z = Matrix(rows, outputs)
    kernels.thinForward(
      rows: rows, x: x.rows, weights: PackedMatrix(weights.pointer, inputs: inputs, outputs: outputs),
      bias: bias.pointer, z: z.rows, add: false)
    let gradient = AlignedBuffer<Float>(count: weights.count)
    let biasGradient = AlignedBuffer<Float>(count: paddedToLanes(outputs))
    kernels.thinWeightGradient(
      rows: rows, x: x.rows, dz: dz.rows,
      gradient: PackedMatrix(gradient.pointer, inputs: inputs, outputs: outputs), biasGradient: biasGradient.pointer)
    let dx = Matrix(rows, inputs)
    kernels.thinInputGradient(
      rows: rows, dz: dz.rows, weights: PackedMatrix(weights.pointer, inputs: inputs, outputs: outputs), dx: dx.rows)
    for row in 0..<rows {
      for output in 0..<outputs {
        var lanes = [Float](repeating: 0, count: 16)
        for input in 0..<inputs { lanes[input % 16].addProduct(x[row, input], weights[output * width + input]) }
        #expect(z[row, output] == tree(lanes) + bias[output])
      }
      for input in 0..<inputs {
        var sum: Float = 0
        for output in 0..<outputs { sum.addProduct(dz[row, output], weights[output * width + input]) }
        #expect(dx[row, input] == sum)
      }
    }
    for output in 0..<outputs {
      for input in 0..<inputs {
        var sum: Float = 0
        for row in 0..<rows { sum.addProduct(x[row, input], dz[row, output]) }
        #expect(gradient[output * width + input] == sum)
      }
      #expect(biasGradient[output] == (0..<rows).reduce(Float(0)) { $0 + dz[$1, output] })
    }
  }

  @Test func `give a row the same bits alone and anywhere in a batch`() {
    var numbers = Numbers(seed: 9)
    let kernels = Kernels.active
    let (inputs, outputs) = (37, 50)
    let plain = numbers.array(inputs * outputs)
    let weights = panels(inputs, outputs) { plain[$0 * outputs + $1] }
    let bias = numbers.array(outputs)
    let x = numbers.rows(1024, inputs)
    let z = Matrix(1024, outputs)
    kernels.denseForward(
      rows: 1024, x: x.rows, weights: PackedMatrix(weights.pointer, inputs: inputs, outputs: outputs),
      bias: bias.pointer, z: z.rows)
    let alone = Matrix(1, outputs)
    for row in 0..<1024 {
      kernels.denseForward(
        rows: 1, x: x.rows.dropFirst(row), weights: PackedMatrix(weights.pointer, inputs: inputs, outputs: outputs),
        bias: bias.pointer, z: alone.rows)
      for output in 0..<outputs { #expect(alone[0, output] == z[row, output]) }
    }
  }
}

/// The kernels' fixed tree over 16 lanes.
func tree(_ lanes: [Float]) -> Float {
  let eight = (0..<8).map { lanes[$0] + lanes[$0 + 8] }
  let four = (0..<4).map { eight[$0] + eight[$0 + 4] }
  return (four[0] + four[2]) + (four[1] + four[3])
}
