import Tensors

/// A hidden layer's activation, whichever kernels compute it, with what the way back needs. Buffers for a batch.
final class ActivationStage {
  let units: Int
  /// Where the product goes: two columns a unit before a gate.
  let z: Rows
  /// The outputs: the same rows as `z`, but for a gate.
  let y: Rows

  private let computation: ActivationKind.Computation
  private let limit: Float
  private let derives: Bool
  private let output: RowBuffer
  private let product: RowBuffer?
  /// The derivative, or what a PReLU took in.
  private let kept: RowBuffer?
  /// The outputs themselves, where others change `y` before the way back or health reads it.
  private let plain: RowBuffer?

  /// - Parameters:
  ///   - isResidual: A skip connection is added to `y` afterwards.
  ///   - learns: Keeps what the way back and health need.
  init(_ spec: LearnerSpec, units: Int, capacity: Int, isResidual: Bool, learns: Bool) {
    self.units = units
    computation = spec.activation.computation
    limit = spec.activationLimit ?? .infinity
    derives = learns
    func rows(_ width: Int) -> RowBuffer { RowBuffer(capacity: capacity, width: width) }
    output = rows(units)
    y = output.rows
    product = spec.activation.isGate ? rows(2 * units) : nil
    z = product?.rows ?? y
    let readsOutput: Bool
    switch computation {
    case .elementwise(let formula):
      kept = learns && formula.keepsDerivative ? rows(units) : nil
      // Of an output that dropout changed the sign is left, which is no use for a comparison with the limit.
      readsOutput = kept == nil && limit < .infinity
    case .slopes:
      kept = learns ? rows(units) : nil
      readsOutput = limit < .infinity
    case .gate:
      kept = nil
      readsOutput = false
    case .rowwise:
      kept = nil
      readsOutput = true
    }
    plain = learns && (isResidual || spec.dropout > 0 && readsOutput) ? rows(units) : nil
  }

  /// Of its buffers, for the largest batch.
  var bytes: Int { [output, product, kept, plain].reduce(0) { $0 + ($1?.bytes ?? 0) } }

  /// The outputs without the skip connection.
  var outputs: Rows { plain?.rows ?? y }

  /// Rows `first ..< first + count`.
  func forward(
    _ kernels: Kernels, rows first: Int, count: Int, slopes: UnsafePointer<Float>?, stats: UnitStats?
  ) {
    let (z, y) = (z.dropFirst(first), y.dropFirst(first))
    switch computation {
    case .elementwise(let formula):
      kernels.activate(
        formula, rows: count, units: units, z: z, derivative: kept?.rows.from(first), limit: limit, stats: stats)
    case .slopes:
      guard let slopes else { preconditionFailure("a PReLU without slopes") }
      kernels.prelu(
        rows: count, units: units, z: z, kept: kept?.rows.from(first), slopes: slopes, limit: limit, stats: stats)
    case .gate(let formula):
      kernels.gate(formula, rows: count, units: units, z: z, y: y, derives: derives, limit: limit, stats: stats)
    case .rowwise(let formula):
      kernels.softmax(formula, rows: count, units: units, z: z, stats: stats)
    }
    plain?.copy(rows: count, from: y, to: first)
  }

  /// Where `backward` leaves the gradient by what `forward` found in `z`, as wide as that: in place, but for a gate.
  func inputGradient(_ dy: Rows) -> Rows { product == nil ? dy : z }

  /// - Parameters:
  ///   - dy: By the outputs, from row 0; may be written over.
  ///   - sums: Takes the column sums of `inputGradient`'s rows.
  ///   - slopeGradient: Of a PReLU.
  func backward(
    _ kernels: Kernels, rows: Range<Int>, dy: Rows, slopes: UnsafePointer<Float>?, sums: UnsafeMutablePointer<Float>,
    slopeGradient: UnsafeMutablePointer<Float>?
  ) {
    let (first, rows) = (rows.lowerBound, rows.count)
    let (dy, y) = (dy.dropFirst(first), outputs.dropFirst(first))
    switch computation {
    case .elementwise(let formula):
      kernels.activateBackward(
        formula, rows: rows, units: units, dy: dy, y: y, derivative: kept?.rows.from(first),
        limit: kept == nil ? limit : .infinity, sums: sums)
    case .slopes:
      guard let slopes, let slopeGradient, let kept else { preconditionFailure("a PReLU without slopes") }
      kernels.preluBackward(
        rows: rows, units: units, dy: dy, y: y, kept: kept.rows.from(first), slopes: slopes, limit: limit,
        sums: sums, slopeGradient: slopeGradient)
    case .gate:
      let z = z.dropFirst(first)
      kernels.gateBackward(rows: rows, units: units, dy: dy, partials: z, dz: z, sums: sums)
    case .rowwise(let formula):
      kernels.softmaxBackward(formula, rows: rows, units: units, dy: dy, y: y, sums: sums)
    }
  }
}
