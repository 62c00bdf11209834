import Tensors

/// The activation of a weighted sum of rows that stands for a whole first layer. Buffers for a batch.
final class InputActivation {
  let units: Int
  private let first: Int
  /// The columns of the network's input that hold the sum, then what became of it.
  private let y: Rows
  private let formula: ActivationFormula
  private let limit: Float
  private let derivative: RowBuffer?
  private let sums: AlignedBuffer<Float>

  /// nil: the spec has none.
  init?(_ spec: LearnerSpec, _ tables: EmbeddingTables, x: Rows, capacity: Int, learns: Bool) {
    guard let input = spec.weighted.last, input.activates, let table = tables.tables.last else { return nil }
    guard case .elementwise(let formula) = spec.activation.computation else {
      preconditionFailure("weighted rows cannot be a first layer of \(spec.activation.rawValue)")
    }
    units = input.dimension
    first = table.column
    y = x.column(first)
    self.formula = formula
    limit = spec.activationLimit ?? .infinity
    let keeps = learns && formula.keepsDerivative
    derivative = keeps ? RowBuffer(capacity: capacity, width: units, stride: x.stride) : nil
    sums = AlignedBuffer(count: paddedToLanes(units))
  }

  /// In place, before the columns behind are written: vectors reach beyond the units.
  func forward(_ kernels: Kernels, rows: Int) {
    kernels.activate(
      formula, rows: rows, units: units, z: y, derivative: derivative?.rows.pointer, limit: limit, stats: nil)
  }

  /// The gradient by the activated sum becomes that by the sum; a kept derivative knows of the limit.
  func backward(_ kernels: Kernels, rows: Int, inputGradient: Rows) {
    kernels.activateBackward(
      formula, rows: rows, units: units, dy: inputGradient.column(first), y: y,
      derivative: derivative?.rows.pointer, limit: derivative == nil ? limit : .infinity, sums: sums.pointer)
  }
}
