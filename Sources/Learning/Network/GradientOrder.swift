import Tensors

/// In which order a pass makes the sums of a batch final, and who wants to know of it. One thread at a time.
///
/// Each layer says so of its own as soon as nothing more is added to them: before it goes on to the gradient by what it reads.
final class GradientOrder {
  /// The heads' parameters, then those of the layers that have any, branch by branch from the last to the first: all values,
  /// each once.
  let stretches: [Range<Int>]
  /// By stretch: the sums that show a NaN or an infinity of a layer's gradients.
  private let biases: [[Range<Int>]]
  /// Vectors that a pass makes, and values from one to the next.
  private var (vectors, nodes, count) = (UnsafeMutablePointer<Float>(bitPattern: 64)!, 1, 0)
  /// Stretches that are final.
  private(set) var done = 0
  private(set) var isFinite = true
  private var watch: ((Int) -> Void)?
  /// What the pass is timed with; nil: nobody measures.
  private var times: StepTimes?

  init(_ layout: ParameterLayout) {
    let layerCount = layout.branches.reduce(0) { $0 + $1.layers.count { !$0.blocks.isEmpty } }
    let heads = layout.heads.first?.readings.first?.weights.start ?? layout.count
    var stretches = [heads..<layout.count]
    var members = [layerCount..<layout.segments.count]
    var first = 0
    for branch in layout.branches {
      let last = first + branch.layers.count { !$0.blocks.isEmpty }
      for place in (first..<last).reversed() {
        let end = place + 1 < layerCount ? layout.segments[place + 1].range.lowerBound : heads
        stretches.append(layout.segments[place].range.lowerBound..<end)
        members.append(place..<place + 1)
      }
      first = last
    }
    self.stretches = stretches
    biases = members.map { $0.flatMap { layout.segments[$0].blocks.filter { $0.role == .bias }.map(\.range) } }
  }

  /// A pass begins, which writes `nodes` vectors of `count` values.
  ///
  /// - Parameter watch: Called with the number of stretches that are final.
  func begin(
    _ vectors: UnsafeMutablePointer<Float>, nodes: Int, count: Int, watch: ((Int) -> Void)?, times: StepTimes?
  ) {
    (self.vectors, self.nodes, self.count, self.watch, self.times) = (vectors, nodes, count, watch, times)
    (done, isFinite) = (0, true)
  }

  /// The next stretch is final: that of the layer of which `block` is one, or of the heads.
  func finish(_ block: ParameterBlock) {
    precondition(
      done < stretches.count && stretches[done].contains(block.start),
      "a layer said out of its turn that its gradients are final")
    for node in 0..<nodes {
      for range in biases[done] where !Self.isFinite(vectors + node * count, range) { isFinite = false }
    }
    done += 1
    if let watch {
      watch(done)
      // What that took is no layer's.
      times?.begin()
    }
    // Whoever watches may hold on to much.
    if done == stretches.count { watch = nil }
  }

  private static func isFinite(_ vector: UnsafePointer<Float>, _ range: Range<Int>) -> Bool {
    var check: Float = 0
    for index in range { check += vector[index] - vector[index] }
    return check == 0
  }
}
