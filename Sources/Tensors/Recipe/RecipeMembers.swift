import CKernels

/// A deep member: Σ weight · row → ReLU 64 → ReLU 32 → outputs. Its table grows with the rows of the inputs.
package final class DeepMember {
  package static let first = Int(ck_recipe_first)
  package static let second = Int(ck_recipe_second)
  /// Floats of a record on its way: the first layer before and after its ReLU, and the second.
  package static let valueCount = Int(ck_deep_values)

  package private(set) var rows, sums: AlignedBuffer<Float>
  package let dense, mean, square: AlignedBuffer<Float>
  /// β₁ᵗ, β₂ᵗ.
  package let powers: AlignedBuffer<Double>
  /// Where the dense layers lie: the second with its bias, the output with its.
  package let segments: [(name: String, range: Range<Int>)]
  private let raw: AlignedBuffer<ck_deep>
  private let outputs: Int
  private static let denseRate = 1e-3
  private static let rowRate: Float = 0.05

  package init(outputs: Int) {
    self.outputs = outputs
    let count = Self.second * (Self.first + 1) + outputs * Self.second + paddedToLanes(outputs)
    (rows, sums) = (AlignedBuffer(count: 0), AlignedBuffer(count: 0))
    (dense, mean, square) = (AlignedBuffer(count: count), AlignedBuffer(count: count), AlignedBuffer(count: count))
    powers = AlignedBuffer(count: 2)
    raw = AlignedBuffer(count: 1)
    let middle = Self.second * (Self.first + 1)
    segments = [("second", 0..<middle), ("output", middle..<count)]
    powers.buffer.update(repeating: 1)
  }

  /// Weights as they begin; `unit` gives numbers of mean 0 and deviation 1.
  package func initialize(_ unit: () -> Float) {
    let scale = Float((2.0 / Double(Self.first)).squareRoot())
    for index in 0..<(Self.first * Self.second) { dense[index] = unit() * scale }
    let (last, from) = (Float((1.0 / Double(Self.second)).squareRoot()), Self.second * (Self.first + 1))
    for index in from..<(from + outputs * Self.second) { dense[index] = unit() * last }
  }

  package func reserve(rows capacity: Int, used: Int) {
    guard capacity * Self.first > rows.count else { return }
    let (wider, longer) = (AlignedBuffer<Float>(count: capacity * Self.first), AlignedBuffer<Float>(count: capacity))
    wider.pointer.update(from: rows.pointer, count: min(used * Self.first, rows.count))
    longer.pointer.update(from: sums.pointer, count: min(used, sums.count))
    (rows, sums) = (wider, longer)
    raw[0] = ck_deep(
      outputs: Int64(outputs), rows: rows.pointer, sums: sums.pointer, dense: dense.pointer, mean: mean.pointer,
      square: square.pointer)
  }

  /// - Parameter values: `valueCount` floats.
  @inline(__always)
  package func forward(
    _ kernels: Kernels, count: Int, _ rows: UnsafePointer<UInt32>, _ weights: UnsafePointer<Float>,
    values: UnsafeMutablePointer<Float>, out: UnsafeMutablePointer<Float>
  ) {
    kernels.table.pointee.deep_forward(raw.pointer, Int64(count), rows, weights, values, out)
  }

  /// - Parameters:
  ///   - gradient: By the outputs, of the record that went forward last into `values`.
  ///   - scratch: As many floats as inputs, rounded up to 16.
  @inline(__always)
  package func learn(
    _ kernels: Kernels, count: Int, _ rows: UnsafePointer<UInt32>, _ weights: UnsafePointer<Float>,
    values: UnsafePointer<Float>, gradient: UnsafePointer<Float>, scale: Double, scratch: UnsafeMutablePointer<Float>
  ) {
    powers[0] *= 0.9
    powers[1] *= 0.999
    var rates = ck_deep_rates(
      dense: Float(Self.denseRate * scale / (1 - powers[0])), root: Float(1 / (1 - powers[1]).squareRoot()),
      row: Self.rowRate * Float(scale))
    kernels.table.pointee.deep_learn(
      raw.pointer, Int64(count), rows, weights, values, gradient, &rates, scratch)
  }
}

/// A linear member over all inputs and hashed pairs of fields.
package final class WideMember {
  package private(set) var rows, sums: AlignedBuffer<Float>
  package let crosses, squares: AlignedBuffer<Float>
  private let raw: AlignedBuffer<ck_wide>
  private let outputs: Int
  private static let rate: Float = 0.1

  package init(_ form: RecipeForm) {
    outputs = form.outputs
    (rows, sums) = (AlignedBuffer(count: 0), AlignedBuffer(count: 0))
    (crosses, squares) = (
      AlignedBuffer(count: form.crossRows * outputs), AlignedBuffer(count: form.crossRows * outputs)
    )
    raw = AlignedBuffer(count: 1)
  }

  package func reserve(rows capacity: Int, used: Int) {
    guard capacity * outputs > rows.count else { return }
    let (wider, longer) = (
      AlignedBuffer<Float>(count: capacity * outputs), AlignedBuffer<Float>(count: capacity * outputs)
    )
    wider.pointer.update(from: rows.pointer, count: min(used * outputs, rows.count))
    longer.pointer.update(from: sums.pointer, count: min(used * outputs, sums.count))
    (rows, sums) = (wider, longer)
    raw[0] = ck_wide(
      outputs: Int64(outputs), rows: rows.pointer, sums: sums.pointer, crosses: crosses.pointer,
      squares: squares.pointer)
  }

  package func forward(_ records: RecipeRecords, _ place: Int, out: UnsafeMutablePointer<Float>) {
    ck_wide_forward(raw.pointer, records.raw.pointer + place, out)
  }

  /// - Parameter scratch: As many floats as inputs and crosses together, twice.
  package func learn(
    _ records: RecipeRecords, _ place: Int, gradient: UnsafePointer<Float>, scale: Double,
    scratch: UnsafeMutablePointer<Float>
  ) {
    ck_wide_learn(raw.pointer, records.raw.pointer + place, gradient, Self.rate * Float(scale), scratch)
  }
}
