import Tensors
import Vocabulary

/// Where sums over the rows of a batch become a rank's gradient: at once over all rows, or part by part, each added to what
/// lies below it as the partitions' tree says.
///
/// A part's sums of a few blocks are added up as soon as they are there, so little room is needed, and it stays in the cache.
struct GradientSums {
  let kernels: Kernels
  let rows: Int
  /// The layout of the parameters, once for each node.
  let gradient: UnsafeMutablePointer<Float>
  /// nil: all rows at once.
  let plan: PartPlan?

  /// Calls `body` to overwrite the sums of one or two blocks: with the rows to sum over, and where their sums go.
  ///
  /// - Parameter body: Writes all of a block but what pads a vector.
  @inline(__always)
  func sum(
    _ block: ParameterBlock, _ second: ParameterBlock? = nil,
    _ body: (Range<Int>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>?) -> Void
  ) {
    guard let plan else { return body(0..<rows, gradient + block.start, second.map { gradient + $0.start }) }
    let (count, secondCount) = (block.paddedCount, second?.paddedCount ?? 0)
    for step in plan.steps {
      let bottom = gradient + step.node * plan.count
      let (first, last) = (
        plan.pointer(step.place, bottom + block.start), second.map { plan.secondPointer(step.place, bottom + $0.start) }
      )
      if step.place > 0 {
        clearPadding(first, block)
        if let last, let second { clearPadding(last, second) }
      }
      body(step.rows, first, last)
      for place in stride(from: step.place, to: step.place - step.additions, by: -1) {
        add(plan.pointer(place, bottom + block.start), count, to: plan.pointer(place - 1, bottom + block.start))
        guard let second else { continue }
        let start = bottom + second.start
        add(plan.secondPointer(place, start), secondCount, to: plan.secondPointer(place - 1, start))
      }
    }
  }

  /// Sums of x ⊗ dz: the gradient by a dense layer's weights.
  ///
  /// - Parameter rowsPerRecord: Of `x` and `dz`.
  func weightGradient(
    _ block: ParameterBlock, x: Rows, dz: Rows, rowsPerRecord: Int = 1, scratch: UnsafeMutablePointer<Float>
  ) {
    let panels = paddedToLanes(block.outputs) / 16
    // By parts some columns after the others, so that what is added up stays where it is quick to reach.
    let group = plan.map { PartPlan.panels(of: block, rows: rows * rowsPerRecord / max(1, $0.steps.count)) } ?? panels
    for first in stride(from: 0, to: panels, by: max(1, group)) {
      let outputs = min(block.outputs - 16 * first, 16 * group)
      let (some, dz) = (block.panels(first, outputs: outputs), dz.column(16 * first))
      sum(some) { rows, sums, _ in
        let first = rows.lowerBound * rowsPerRecord
        kernels.denseWeightGradient(
          rows: rows.count * rowsPerRecord, x: x.dropFirst(first), dz: dz.dropFirst(first),
          gradient: some.matrix(at: sums), scratch: scratch)
      }
    }
  }

  /// What pads the parameters of a vector is zero, and nobody writes it.
  private func clearPadding(_ pointer: UnsafeMutablePointer<Float>, _ block: ParameterBlock) {
    guard block.inputs == 1 else { return }
    (pointer + block.paddedCount - 16).update(repeating: 0, count: 16)
  }

  private func add(_ from: UnsafeMutablePointer<Float>, _ count: Int, to: UnsafeMutablePointer<Float>) {
    func row(_ pointer: UnsafeMutablePointer<Float>) -> Rows { Rows(pointer, rows: 1, width: count, stride: count) }
    kernels.add(rows: 1, units: count, row(from), to: row(to))
  }
}

/// How the parts of a batch are added up to the nodes of a rank's stretch of partitions, with room for what waits. Grows to
/// the most parts and stays there.
final class PartPlan {
  struct Step {
    let rows: Range<Int>
    /// Which of the rank's nodes it is in.
    let node: Int
    /// Where its sums go: 0 is the node's own vector.
    let place: Int
    /// How many times what is on top is added to what lies below it then.
    let additions: Int
  }

  let tree: PartitionTree
  let stretch: Range<Int>
  let nodes: [Range<Int>]
  /// Floats of one node's vector.
  let count: Int
  private(set) var steps: [Step] = []
  /// By node: whether it has no rows in this batch.
  private(set) var isAbsent: [Bool]

  private var parts = BatchParts()
  private let room: AlignedBuffer<Float>
  private let stride: Int

  init(_ tree: PartitionTree, stretch: Range<Int>, layout: ParameterLayout) {
    (self.tree, self.stretch, nodes, count) = (tree, stretch, tree.nodes(of: stretch), layout.count)
    isAbsent = nodes.map { _ in true }
    steps.reserveCapacity(stretch.count)
    let places = nodes.map { PartitionTree.places(of: $0.count) }.max() ?? 0
    // Two blocks a place; kernels may read a vector beyond the end.
    stride = 16 + (layout.segments.flatMap(\.blocks).map(Self.largestSum).max() ?? 0)
    room = AlignedBuffer(count: 2 * max(0, places - 1) * stride)
  }

  /// How many columns of panels of a dense layer's weights are added up together: with few rows what the nearest cache holds;
  /// with many the products, which want more of them at once, outweigh what is added.
  static func panels(of block: ParameterBlock, rows: Int) -> Int {
    let floats = rows < 32 ? 1 << 12 : rows < 64 ? 1 << 14 : 1 << 17
    // Kernels do two at a time.
    return max(2, floats / (16 * max(1, block.inputs)) & ~1)
  }

  /// Floats of what is added up together, at most.
  private static func largestSum(_ block: ParameterBlock) -> Int {
    block.isThin || block.inputs == 1
      ? block.paddedCount : min(block.paddedCount, 16 * block.inputs * panels(of: block, rows: .max))
  }

  /// Where the sums of a place go; of the lowest one they go to `bottom`.
  @inline(__always)
  func pointer(_ place: Int, _ bottom: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
    place == 0 ? bottom : room.pointer + (2 * place - 2) * stride
  }

  /// The same of a second block.
  @inline(__always)
  func secondPointer(_ place: Int, _ bottom: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
    place == 0 ? bottom : room.pointer + (2 * place - 1) * stride
  }

  /// Takes the parts of the next batch; those of the last one are not planned anew.
  func take(_ next: BatchParts, rows: Int) {
    precondition(next.rowCount == rows, "parts of \(next.rowCount) rows for a batch of \(rows)")
    guard next != parts else { return }
    // Shared memory would be copied as soon as the next batch is described.
    parts.copy(next)
    steps.removeAll(keepingCapacity: true)
    for node in nodes.indices { isAbsent[node] = true }
    var running = PartitionTree.Running()
    var node = 0
    for (index, part) in next.parts.enumerated() {
      precondition(stretch.contains(part.partition), "partition \(part.partition) is none of \(stretch)")
      if part.partition >= nodes[node].upperBound {
        running = PartitionTree.Running()
        while part.partition >= nodes[node].upperBound { node += 1 }
      }
      isAbsent[node] = false
      let following = index + 1 < next.parts.count ? next.parts[index + 1].partition : nil
      let sibling = following.flatMap { $0 < nodes[node].upperBound ? $0 : nil }
      let place = running.place()
      steps.append(
        Step(
          rows: part.rows, node: node, place: place, additions: running.additions(of: part.partition, before: sibling)))
    }
  }
}
