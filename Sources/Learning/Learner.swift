import Health
public import Tensors
import Vocabulary

/// A model that learns: forward, backward, and one agreed update a step. Confined to one thread at a time.
///
/// The order of a step: `predict` → `backward` → (sum `denseGradient` over ranks, gather attachments) → `absorb` → `apply`,
/// or `discardStep` instead of the last two; alone, `absorbOwn` takes the place of attachments. The same bytes in give the
/// same bits out: the outputs of a record do not depend on the batch around it, and gradients are summed in batch order,
/// then in rank order, or as `summation` says. After the first steps have grown the buffers, a step allocates nothing.
public final class Learner {
  public let spec: LearnerSpec
  public let batchCapacity: Int
  /// Steps applied.
  public internal(set) var step: Int64 = 0

  let model: ModelParameters
  package let network: Network
  let back: BackwardPass
  /// This rank's share of the step in hand, and all ranks' together.
  package let share, merged: StepShare
  let merge: AttachmentMerge
  /// The same share by partition; nil: it is summed as a whole.
  var partShares: PartShares?
  package let optimizers: OptimizerGroups
  let scales: ClippingScales
  let monitor: HealthMonitor
  let sample: CostSample
  var random: SplitMix64
  let buckets: BucketList
  /// nil: nobody watches.
  package internal(set) var watch: StateWatch?
  /// What this rank's records of the step in hand say that is to be remembered, in the order of the batch's rows.
  public internal(set) var facts: [RecordFact] = []
  /// What all ranks' records say, until the step is applied.
  var pendingFacts: [RecordFact] = []

  /// - Parameters:
  ///   - batchCapacity: The most rows of a batch.
  ///   - kernels: Decides the speed, never the bits.
  public convenience init(spec: LearnerSpec, batchCapacity: Int, kernels: Kernels = .active) {
    self.init(spec: spec, batchCapacity: batchCapacity, kernels: kernels, further: [])
  }

  /// - Parameter further: Encoders that the spec does not describe.
  package init(
    spec: LearnerSpec, batchCapacity: Int, kernels: Kernels = .active, further: [any EncoderPlan]
  ) {
    self.spec = spec
    self.batchCapacity = batchCapacity
    model = ModelParameters(spec, further: further)
    network = Network(model, memory: nil, batchCapacity: batchCapacity, learns: true, kernels: kernels)
    random = SplitMix64(seed: spec.seed)
    model.initialize(from: &random)
    back = BackwardPass(network)
    let tables = network.tables
    share = StepShare(model, batchCapacity: batchCapacity)
    merged = StepShare(model, batchCapacity: batchCapacity)
    merge = AttachmentMerge(tables)
    optimizers = OptimizerGroups(spec, layout: network.layout, tables: tables)
    optimizers.align(network)
    scales = ClippingScales(segmentCount: network.layout.segments.count, tableCount: tables.tables.count)
    monitor = HealthMonitor(network)
    sample = CostSample(memory: network.memoryByLayer)
    buckets = BucketList()
  }

  /// Where the time of the next steps goes; nil, as at first: nobody measures.
  public var times: StepTimes? { didSet { network.times = times } }

  /// Values, gradients and updates of the layers are counted for `takeHealth`; without it the cost of that can be measured.
  public var countsHealth = true

  /// A step whose gradient has a larger norm, before clipping by norm, is not applied.
  public var gradientNormMax = Double.infinity

  /// What the learning rates are multiplied by.
  public var rateScale: Double {
    get { optimizers.dense.rateScale }
    set { for optimizer in optimizers.all where optimizer.rateScale != newValue { optimizer.rateScale = newValue } }
  }

  /// Of the dense parameters, in the next step, times `rateScale`.
  public var nextRate: Double { optimizers.dense.rate(at: step) }

  /// The primary head's outputs a row: binary 1, multiclass K, regression 1.
  public var outputCount: Int { spec.outputCount }

  /// Normalises with the statistics as they are, and runs forward.
  public func predict(_ batch: FeatureBatch) {
    withArithmeticMode {
      guard countsHealth else { return network.forward(batch, countsHealth: false) }
      openTimes()
      monitor.begin()
      network.forward(batch, countsHealth: true, countsInputs: TensorMonitor.looks(at: step))
      monitor.observe()
    }
  }

  /// Decides what dropout drops in the step in hand: the same on every rank, another in every step.
  package var dropoutSeed: UInt64 {
    var random = SplitMix64(seed: spec.seed &+ UInt64(bitPattern: step) &* 0xd134_2543_de82_ef95)
    return random.next()
  }

  /// Shape [rows of the last batch × outputCount]: probabilities, or the value in label units; the primary head's.
  public var outputs: UnsafeBufferPointer<Float> { network.outputs(ofHead: 0) }

  /// The same of any head, in the order of the spec; shape [rows × its outputs].
  public func outputs(ofHead head: Int) -> UnsafeBufferPointer<Float> { network.outputs(ofHead: head) }

  /// Per row of the last predicted batch: the loss that the primary head learns by, of a value in label units (squared
  /// error is not halved); NaN without a label.
  public func losses(_ batch: FeatureBatch, into losses: UnsafeMutablePointer<Float>) {
    withArithmeticMode { network.losses(batch, into: losses) }
  }

  /// Gradient *sums* over the labelled rows of the batch just predicted, and the moments of all its rows.
  ///
  /// - Parameter parts: Of the batch, in steps that are summed by partition; nil in others.
  public func backward(_ batch: FeatureBatch, parts: BatchParts?) -> LocalStep {
    precondition((parts != nil) == (partShares != nil), "parts are of a batch that is summed by partition")
    return withArithmeticMode {
      let local = back.run(batch, parts: parts, dropoutSeed: dropoutSeed, watch: gradientWatch)
      share.clear()
      partShares?.clear()
      if let parts, let partShares {
        for part in parts.parts {
          collect(batch, rows: part.rows, into: partShares.begin(part.partition))
          partShares.end()
        }
      } else {
        collect(batch, rows: 0..<batch.count, into: share)
      }
      share.rows.seal()
      sample.rest()
      if !memory.shelves.isEmpty { noteFacts(batch) }
      return local
    }
  }

  private func collect(_ batch: FeatureBatch, rows: Range<Int>, into share: StepShare) {
    for encoder in network.encoders {
      encoder.collect(network.context, batch, rows: rows, heads: network.heads, into: share)
    }
  }

  /// What of the batch that `backward` saw last lay so far outside a column's usual range that it was not taken as it is.
  public var wildValues: [WildValues] { network.normalizer.wild }

  /// Shape [P]; to be summed over ranks in place. The same P and the same order of parameters on every rank.
  public var denseGradient: UnsafeMutableBufferPointer<Float> { back.gradient }

  public var gradientOrder: [Range<Int>] { back.order.stretches }

  public var gradientWatch: ((Int) -> Void)?

  /// Appends this rank's touched embedding rows, input moments, and values that are new.
  public func appendAttachment(to bytes: inout [UInt8]) {
    if let partShares { return partShares.append(to: &bytes) }
    Attachment.append(share, rows: 0..<share.rows.count, values: 0..<share.rows.valueCount, to: &bytes)
  }

  /// What the rows of a step can take in an attachment at most: all of them, each with its number.
  public var touchedBytesMax: Int {
    let tables = network.tables
    let bytes = tables.tables.reduce(0) { $0 + $1.buckets * 4 * (1 + tables.gradientWidth($1)) }
    guard let partShares else { return bytes }
    return partShares.bytesMax(touched: bytes)
  }

  /// Sums all ranks' attachments, given in rank order, the own one included.
  ///
  /// - Throws: `LearningError.damaged`; the step must then be discarded.
  public func absorb(attachments: [UnsafeRawBufferPointer]) throws {
    try withArithmeticMode {
      guard let partShares else { return try merge.run(attachments, into: merged) }
      try merge.run(attachments, by: partShares.tree, into: merged)
      back.finishSum()
    }
  }

  /// Instead of `absorb`, for a rank that is alone: its own share is the whole, and no bytes of it are written or read, unless
  /// it is summed by partition.
  public func absorbOwn() {
    withArithmeticMode {
      guard let partShares else { return merged.take(share) }
      merge.run(partShares, into: merged)
      back.finishSum()
    }
  }

  /// Divides by the weight of all rows, clips, updates parameters and normaliser, and counts the step.
  ///
  /// - Parameters:
  ///   - labelled: Labelled rows of all ranks; 0: only the normaliser learns.
  ///   - weight: Sum of their weights, in one order on every rank; nil: each counts 1. 0: only the normaliser learns.
  ///   - lossSum: Sum of their losses, each times its weight, over all ranks, in one order on every rank: what a plateau schedule looks at.
  /// - Returns: Where it is not finite, nothing was applied and the step is forgotten.
  public func apply(labelled: Int, weight: Double? = nil, lossSum: Double) -> Update {
    withArithmeticMode { applyStep(labelled: labelled, weight: weight ?? Double(labelled), lossSum: lossSum) }
  }

  /// Forgets gradients, moments and health counts of the step in hand: a rank without records then adds nothing to the sums.
  public func discardStep() {
    back.forget()
    monitor.forget()
    sample.forget()
    forgetRows()
  }

  /// The dense gradient stays: the next pass overwrites it.
  func forgetRows() {
    share.clear()
    partShares?.clear()
    merged.clear()
    if !memory.shelves.isEmpty {
      facts.removeAll(keepingCapacity: true)
      pendingFacts.removeAll(keepingCapacity: true)
    }
  }
}
