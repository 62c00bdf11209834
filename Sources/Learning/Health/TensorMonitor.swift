import Health
import Tensors

/// Sketches of what is as large as the weights: gradients and updates of some steps, the weights at the end of a window, and what
/// activations took in. Which steps is a matter of their number, so that all ranks look at the same ones.
final class TensorMonitor {
  /// A look reads and writes each weight a few times, as an update does.
  private static let every: Int64 = 64
  private static let lanes = paddedToLanes(1)
  /// Values that are counted at once.
  private static let block = 256 * lanes

  private let kernels: Kernels
  /// By segment, the stretches of the parameter vector that are parameters, rather than what rounds rows up to whole lanes.
  private let runs: [[Range<Int>]]
  private let gradients, updates: [ValueCounts]
  private let scratch = AlignedBuffer<Float>(count: TensorMonitor.block)
  /// Weights before the update in hand.
  private let before: AlignedBuffer<Float>

  init(_ network: Network, _ segments: [Range<Int>]) {
    kernels = network.kernels
    runs = Self.runs(network.layout, segments)
    gradients = segments.map { _ in ValueCounts(units: Self.lanes) }
    updates = segments.map { _ in ValueCounts(units: Self.lanes) }
    before = AlignedBuffer(count: segments.map(\.count).max() ?? 0)
  }

  static func looks(at step: Int64) -> Bool { step.isMultiple(of: every) }

  private static func runs(_ layout: ParameterLayout, _ segments: [Range<Int>]) -> [[Range<Int>]] {
    var isParameter = [Bool](repeating: false, count: segments.map(\.upperBound).max() ?? 0)
    layout.forEachParameter { _, index in
      if index < isParameter.count { isParameter[index] = true }
    }
    return segments.map { segment in
      var runs: [Range<Int>] = []
      for index in segment where isParameter[index] {
        if let last = runs.last, last.upperBound == index {
          runs[runs.count - 1] = last.lowerBound..<index + 1
        } else {
          runs.append(index..<index + 1)
        }
      }
      return runs
    }
  }

  /// A segment, or a piece of it, is about to be updated.
  ///
  /// - Parameters:
  ///   - piece: Of the parameter vector.
  ///   - gradient: Of the whole vector, as `parameters`.
  ///   - inverseCount: What makes the sum of the gradients one a record.
  func begin(
    _ segment: Int, _ piece: Range<Int>, parameters: UnsafePointer<Float>, gradient: UnsafePointer<Float>,
    inverseCount: Float
  ) {
    before.pointer.update(from: parameters + piece.lowerBound, count: piece.count)
    tally(segment, piece, gradients[segment]) { gradient[$0] * inverseCount }
  }

  /// It was updated.
  func end(_ segment: Int, _ piece: Range<Int>, parameters: UnsafePointer<Float>) {
    let before = before.pointer
    tally(segment, piece, updates[segment]) { parameters[$0] - before[$0 &- piece.lowerBound] }
  }

  /// The window that ends, but for what activations took in.
  func take(_ segment: Int, _ piece: Range<Int>, parameters: UnsafePointer<Float>) -> TensorSketches {
    let weights = ValueCounts(units: Self.lanes)
    tally(segment, piece, weights) { parameters[$0] }
    return TensorSketches(
      weights: weights.take(), gradients: gradients[segment].take(), updates: updates[segment].take())
  }

  /// Counts a value for each parameter of a piece: whole lanes as rows, and what is left as one more. A block at a time, which
  /// stays in the nearest cache; blocks are whole ones of the kernels' sums, too.
  @inline(__always)
  private func tally(_ segment: Int, _ piece: Range<Int>, _ counts: ValueCounts, _ value: (Int) -> Float) {
    let scratch = scratch.pointer
    var count = 0
    for run in runs[segment] where run.overlaps(piece) {
      let run = run.clamped(to: piece)
      var next = run.lowerBound
      while next < run.upperBound {
        let end = min(run.upperBound, next &+ (Self.block &- count))
        for place in next..<end { scratch[count &+ (place &- next)] = value(place) }
        count += end - next
        next = end
        guard count == Self.block else { continue }
        add(count, to: counts)
        count = 0
      }
    }
    add(count, to: counts)
  }

  private func add(_ count: Int, to counts: ValueCounts) {
    let (rows, rest) = (count / Self.lanes, count % Self.lanes)
    let all = Rows(scratch.pointer, rows: rows + (rest > 0 ? 1 : 0), width: Self.lanes, stride: Self.lanes)
    if rows > 0 { counts.add(all, rows: rows, units: Self.lanes, samples: rows, kernels) }
    if rest > 0 { counts.add(all.dropFirst(rows), rows: 1, units: rest, samples: 1, kernels) }
  }
}
