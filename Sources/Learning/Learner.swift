import Health
import Tensors
import Vocabulary

/// A model that learns: forward, backward, and one agreed update a step. Confined to one thread at a time.
///
/// The order of a step: `predict` → `backward` → (sum `denseGradient` over ranks, gather attachments) → `absorb` → `apply`,
/// or `discardStep` instead of the last two. The same bytes in give the same bits out: the outputs of a record do not
/// depend on the batch around it, and gradients are summed in batch order, then in rank order. After the first steps have
/// grown the buffers, a step allocates nothing.
public final class Learner {
  public let spec: LearnerSpec
  public let batchCapacity: Int
  /// Steps applied.
  public internal(set) var step: Int64 = 0

  let network: Network
  let back: BackwardPass
  let embeddings: EmbeddingGradients
  let merge: AttachmentMerge
  let dense: OptimizerState
  let embeddingRows: OptimizerState
  let wideRows: OptimizerState
  let monitor: HealthMonitor
  var random: SplitMix64
  private let buckets: BucketList

  /// - Parameters:
  ///   - batchCapacity: The most rows of a batch.
  ///   - kernels: Decides the speed, never the bits.
  public init(spec: LearnerSpec, batchCapacity: Int, kernels: Kernels = .active) {
    self.spec = spec
    self.batchCapacity = batchCapacity
    network = Network(spec: spec, batchCapacity: batchCapacity, learns: true, kernels: kernels)
    random = SplitMix64(seed: spec.seed)
    network.initialize(from: &random)
    back = BackwardPass(network)
    let tables = network.tables
    embeddings = EmbeddingGradients(tables, batchCapacity: batchCapacity)
    merge = AttachmentMerge(
      tables, rowCapacity: embeddings.local.rows.count, valueCapacity: embeddings.local.values.count)
    dense = OptimizerState(spec.optimizer, count: network.layout.count)
    embeddingRows = OptimizerState(spec.embeddingOptimizer, count: tables.weights.count, rowCount: tables.rowCount)
    wideRows = OptimizerState(
      spec.embeddingOptimizer, count: tables.wideWeights.count, rowCount: spec.wide ? tables.rowCount : 0)
    monitor = HealthMonitor(network)
    buckets = BucketList()
  }

  /// Outputs a row: binary 1, multiclass K, regression 1.
  public var outputCount: Int { spec.outputCount }

  /// Normalises with the statistics as they are, and runs forward.
  public func predict(_ batch: FeatureBatch) {
    withArithmeticMode {
      network.forward(batch, countsHealth: true)
      monitor.observe()
    }
  }

  /// Shape [rows of the last batch × outputCount]: probabilities, or the value in label units.
  public var outputs: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: network.outputs.pointer, count: network.count * outputCount)
  }

  /// Per row of the last predicted batch: log loss, cross-entropy or squared error; NaN without a label.
  public func losses(_ batch: FeatureBatch, into losses: UnsafeMutablePointer<Float>) {
    withArithmeticMode { network.losses(batch, into: losses) }
  }

  /// Gradient *sums* over the labelled rows of the batch just predicted, and the moments of all its rows.
  public func backward(_ batch: FeatureBatch) -> LocalStep {
    withArithmeticMode {
      let local = back.run(batch)
      embeddings.collect(batch, inputGradient: back.inputGradient, logitGradient: back.logitGradient)
      network.normalizer.measure(batch)
      return local
    }
  }

  /// Shape [P]; to be summed over ranks in place. The same P and the same order of parameters on every rank.
  public var denseGradient: UnsafeMutableBufferPointer<Float> { back.gradient.buffer }

  /// Appends this rank's touched embedding rows and input moments.
  public func appendAttachment(to bytes: inout [UInt8]) {
    Attachment.append(embeddings.local, network.normalizer.local, to: &bytes)
  }

  /// Sums all ranks' attachments, given in rank order, the own one included.
  ///
  /// - Throws: `LearningError.damaged`; the step must then be discarded.
  public func absorb(attachments: [UnsafeRawBufferPointer]) throws {
    try withArithmeticMode { try merge.run(attachments, moments: network.normalizer.merged) }
  }

  /// Divides by the global count, clips, updates parameters and normaliser, and counts the step.
  ///
  /// - Parameter labelled: Labelled rows of all ranks; 0: only the normaliser learns.
  /// - Returns: Where it is not finite, nothing was applied and the step is forgotten.
  public func apply(labelled: Int) -> Update {
    withArithmeticMode { applyStep(labelled: labelled) }
  }

  /// Forgets gradients and moments of the step in hand: a rank without records then adds nothing to the sums.
  public func discardStep() {
    back.gradient.buffer.update(repeating: 0)
    forgetRows()
  }

  /// The dense gradient stays: the next pass overwrites it.
  private func forgetRows() {
    embeddings.local.clear()
    merge.rows.clear()
    network.normalizer.local.clear()
    network.normalizer.merged.clear()
  }

  private func applyStep(labelled: Int) -> Update {
    precondition(labelled >= 0)
    let normalizer = network.normalizer
    defer { forgetRows() }
    guard normalizer.merged.isFinite else { return Update(gradientNorm: .nan, wasClipped: false, isFinite: false) }
    var update = Update(gradientNorm: 0, wasClipped: false, isFinite: true)
    if labelled > 0 {
      let inverseCount = 1 / Float(labelled)
      let size = gradientSize(inverseCount)
      guard size.squares.isFinite else { return Update(gradientNorm: .nan, wasClipped: false, isFinite: false) }
      update.gradientNorm = size.squares.squareRoot()
      update.wasClipped = size.clipsValues
      var scale: Float = 1
      if let limit = spec.clipping.globalNorm, update.gradientNorm > Double(limit) {
        scale = Float(Double(limit) / (update.gradientNorm + 1e-6))
        update.wasClipped = true
      }
      updateDense(inverseCount: inverseCount, scale: scale)
      updateRows(inverseCount: inverseCount, scale: scale)
    }
    normalizer.running.merge(normalizer.merged)
    normalizer.refresh()
    step += 1
    return update
  }

  /// Σ g² of the mean gradient after clipping by value, embedding rows included; NaN where it is not finite.
  private func gradientSize(_ inverseCount: Float) -> (squares: Double, clipsValues: Bool) {
    let kernels = network.kernels
    let gradient = back.gradient.pointer
    let rows = merge.rows
    let limit = spec.clipping.value ?? .infinity
    var squares = 0.0
    for (index, segment) in monitor.segments.enumerated() {
      let part = kernels.squaredNorm(
        count: segment.count, gradient + segment.lowerBound, inverseCount: inverseCount, limit: limit)
      monitor.pendingSquares[index] = part
      squares += part
    }
    let sparseCount = paddedToLanes(rows.valueCount)
    squares += kernels.squaredNorm(count: sparseCount, rows.values.pointer, inverseCount: inverseCount, limit: limit)
    guard spec.clipping.value != nil, squares.isFinite else { return (squares, false) }
    var unclipped = 0.0
    for segment in monitor.segments {
      unclipped += kernels.squaredNorm(
        count: segment.count, gradient + segment.lowerBound, inverseCount: inverseCount, limit: .infinity)
    }
    unclipped += kernels.squaredNorm(
      count: sparseCount, rows.values.pointer, inverseCount: inverseCount, limit: .infinity)
    return (squares, unclipped != squares)
  }

  private func updateDense(inverseCount: Float, scale: Float) {
    var constants = dense.constants(inverseCount: inverseCount, scale: scale, valueLimit: spec.clipping.value)
    for (index, segment) in monitor.segments.enumerated() {
      let change = dense.update(
        network.kernels, weights: network.parameters.pointer, gradient: back.gradient.pointer,
        start: segment.lowerBound,
        count: segment.count, &constants)
      monitor.count(segment: index, change: change)
    }
  }

  private func updateRows(inverseCount: Float, scale: Float) {
    let tables = network.tables
    guard tables.rowCount > 0 else { return }
    let limit = spec.clipping.value
    var constants = embeddingRows.constants(inverseCount: inverseCount, scale: scale, valueLimit: limit)
    var wideConstants = wideRows.constants(inverseCount: inverseCount, scale: scale, valueLimit: limit)
    var row = 0
    var value = 0
    for table in tables.tables {
      let count = buckets.fill(merge.rows, from: row, table: table)
      guard count > 0 else { continue }
      let width = tables.gradientWidth(table)
      let gradient = merge.rows.values.pointer + value
      _ = embeddingRows.updateRows(
        network.kernels, buckets.pointer, count: count, width: table.dimension, weights: tables.weights.pointer,
        offset: table.offset, firstRow: table.firstRow, gradient: gradient, stride: width, &constants)
      if tables.wideWidth > 0 {
        _ = wideRows.updateRows(
          network.kernels, buckets.pointer, count: count, width: tables.wideWidth, weights: tables.wideWeights.pointer,
          offset: table.firstRow * tables.wideWidth, firstRow: table.firstRow, gradient: gradient + table.dimension,
          stride: width, &wideConstants)
      }
      row += count
      value += count * width
    }
  }
}

/// Touched rows of one table, numbered within it.
final class BucketList {
  private var storage = AlignedBuffer<UInt32>(count: 64)
  var pointer: UnsafePointer<UInt32> { UnsafePointer(storage.pointer) }

  /// Takes the rows of `table` from place `start` on; how many there are.
  func fill(_ rows: SparseRows, from start: Int, table: EmbeddingTables.Table) -> Int {
    let first = UInt32(table.firstRow)
    let end = UInt32(table.firstRow + table.buckets)
    if storage.count < rows.count { storage = AlignedBuffer(count: rows.count * 2) }
    var count = 0
    while start + count < rows.count && rows.rows.pointer[start + count] < end {
      storage.pointer[count] = rows.rows.pointer[start + count] - first
      count += 1
    }
    return count
  }
}
