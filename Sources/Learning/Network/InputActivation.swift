import Tensors

/// The activation of a weighted sum of rows that stands for a whole first layer. Buffers for a batch.
final class InputActivation {
  let units: Int
  private let first: Int
  private let formula: ActivationFormula
  private let limit: Float
  private let derivative: RowBuffer?
  private let sums: AlignedBuffer<Float>

  /// nil: the spec has none.
  init?(_ spec: LearnerSpec, _ tables: EmbeddingTables, x: Rows, capacity: Int, learns: Bool) {
    guard let input = spec.weighted, input.activates, let table = tables.weighted else { return nil }
    guard case .elementwise(let formula) = spec.activation.computation else {
      preconditionFailure("weighted rows cannot be a first layer of \(spec.activation.rawValue)")
    }
    units = input.dimension
    first = table.column
    self.formula = formula
    limit = spec.activationLimit ?? .infinity
    derivative = learns ? RowBuffer(capacity: capacity, width: units, stride: x.stride) : nil
    sums = AlignedBuffer(count: paddedToLanes(units))
  }

  /// In place, before the columns behind are written: vectors reach beyond the units.
  func forward(_ kernels: Kernels, rows: Int, x: Rows) {
    kernels.activate(
      formula, rows: rows, units: units, z: x.column(first), derivative: derivative?.rows.pointer,
      limit: limit, stats: nil)
  }

  /// The gradient by the activated sum becomes that by the sum; the kept derivative knows of the limit.
  func backward(_ kernels: Kernels, rows: Int, inputGradient: Rows) {
    kernels.activateBackward(
      formula, rows: rows, units: units, dy: inputGradient.column(first), y: inputGradient,
      derivative: derivative?.rows.pointer, sums: sums.pointer)
  }
}
