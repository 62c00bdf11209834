import Tensors
import Vocabulary

/// Seeded numbers in rows as the kernels like them.
struct Numbers {
  var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  mutating func next(_ scale: Float = 1) -> Float { Float(random.nextUnit() * 2 - 1) * scale }

  /// `count` numbers, then zeros up to whole lanes.
  mutating func array(_ count: Int, scale: Float = 1) -> AlignedBuffer<Float> {
    let buffer = AlignedBuffer<Float>(count: paddedToLanes(count))
    for index in 0..<count { buffer[index] = next(scale) }
    return buffer
  }

  /// Shape [rows × columns] with a kernel's stride, zero between rows.
  mutating func rows(_ rows: Int, _ columns: Int, scale: Float = 1) -> Matrix {
    let matrix = Matrix(rows, columns)
    for row in 0..<rows {
      for column in 0..<columns { matrix[row, column] = next(scale) }
    }
    return matrix
  }
}

/// Rows with a kernel's stride.
struct Matrix {
  let storage: AlignedBuffer<Float>
  let stride: Int
  let count: Int
  let columns: Int

  init(_ rows: Int, _ columns: Int) {
    stride = rowStride(columns)
    count = rows
    self.columns = columns
    storage = AlignedBuffer(count: rows * stride + 16)
  }

  var rows: Rows { Rows(storage.pointer, rows: count, width: columns, stride: stride) }

  subscript(row: Int, column: Int) -> Float {
    get { storage[row * stride + column] }
    nonmutating set { storage[row * stride + column] = newValue }
  }

  func copy() -> Matrix {
    let other = Matrix(count, columns)
    other.storage.pointer.update(from: storage.pointer, count: storage.count)
    return other
  }

  /// The bits of the live columns.
  var bits: [UInt32] {
    (0..<count).flatMap { row in (0..<columns).map { self[row, $0].bitPattern } }
  }
}

extension AlignedBuffer where Element == Float {
  var bits: [UInt32] { buffer.map(\.bitPattern) }

  convenience init(_ values: [Float]) {
    self.init(count: paddedToLanes(values.count))
    for (index, value) in values.enumerated() { self[index] = value }
  }

  func copy() -> AlignedBuffer<Float> {
    let other = AlignedBuffer<Float>(count: count)
    other.pointer.update(from: pointer, count: count)
    return other
  }
}

/// A weight matrix [inputs × outputs] in the kernels' panels.
func panels(_ inputs: Int, _ outputs: Int, _ weight: (Int, Int) -> Float) -> AlignedBuffer<Float> {
  let buffer = AlignedBuffer<Float>(count: paddedToLanes(outputs) * inputs)
  for input in 0..<inputs {
    for output in 0..<outputs { buffer[(output / 16 * inputs + input) * 16 + output % 16] = weight(input, output) }
  }
  return buffer
}
