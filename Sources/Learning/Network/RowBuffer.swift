import Tensors

/// Zeroed rows that belong to a layer.
struct RowBuffer {
  let rows: Rows
  private let storage: AlignedBuffer<Float>

  /// - Parameter stride: nil: what suits the width.
  init(capacity: Int, width: Int, stride: Int? = nil) {
    let stride = stride ?? rowStride(width)
    // Vectors of the last row may reach beyond it.
    storage = AlignedBuffer(count: capacity * stride + 16)
    rows = Rows(storage.pointer, rows: capacity, width: width, stride: stride)
  }

  var bytes: Int { storage.count * MemoryLayout<Float>.stride }

  /// Takes the first `count` rows of others with the same stride, from row `first` on.
  func copy(rows count: Int, from other: Rows, to first: Int = 0) {
    precondition(other.stride == rows.stride)
    rows.from(first).update(from: other.pointer, count: count * rows.stride)
  }

  func clear(rows count: Int) { rows.pointer.update(repeating: 0, count: count * rows.stride) }
}

/// What a pass through the network is for.
struct ForwardPass {
  /// Layers count what they give.
  var countsHealth = false
  /// Activations count what they take in.
  var countsInputs = false
  /// Rows' keys where units are dropped; nil: none are.
  var dropoutKeys: UnsafePointer<UInt64>?
  /// Decides, with key, layer and unit, what is dropped.
  var dropoutSeed: UInt64 = 0
}

/// What layers read and write on their way: parameters, their gradient, and the kernels.
package struct LayerContext {
  let kernels: Kernels
  let parameters: UnsafeMutablePointer<Float>
  /// nil: nobody measures.
  let times: StepTimes?
  /// Hears what a single row comes to; nil: nobody listens.
  let walk: WalkRecorder?
}

/// What layers need of a step on their way back.
struct BackwardStep {
  let rows: Int
  let batch: FeatureBatch
  /// As the way forward was.
  let pass: ForwardPass
  /// Where the gradient goes; each layer overwrites its blocks.
  let sums: GradientSums
  /// Is told by each layer with blocks that theirs are final.
  let order: GradientOrder
  /// `Kernels.scratchCount` of the widest layer.
  let scratch: UnsafeMutablePointer<Float>
}
