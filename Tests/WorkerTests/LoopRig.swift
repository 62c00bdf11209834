import Collectives
import Confinement
import Evaluation
import Foundation
import Ingest
import Learning
import Membership
import Pipelines
import Synchronization
import Tensors
import Vocabulary
import Worker

/// A stream that needs no broker: records whose label follows from two numbers and a category.
struct MemoryStream: Sendable {
  let partitionCount: Int
  let recordsPerPartition: Int
  var poisoned: Set<Int64> = []
  /// What poisoned records of partition 0 hold.
  var poison = Float.infinity
  var rejectEvery: Int64 = 0
  /// Records that are refused beside those; nil: none.
  var refuses: (@Sendable (_ partition: Int32, _ offset: Int64) -> Bool)?
  /// Partitions that hold nothing.
  var empty: Set<Int32> = []
  /// Partitions that hold fewer records.
  var shorter: [Int32: Int] = [:]
  /// Whether records have marks: every third lacks a, every fifth has a clipped b, rejections are because of b.
  var hasMarks = false
  /// Labels a record: the first, then whether x is above y, then a count, absent where y is above ½.
  var labelCount = 1
  /// What a record weighs; nil: records have no weights.
  var weight: (@Sendable (_ partition: Int32, _ offset: Int64) -> Float)?

  /// How long after its event a record's label became known; nil: no record says so.
  var labelDelay: (@Sendable (_ offset: Int64) -> Double)?
  /// Names of classes, numbered as a decoder does.
  var className: (@Sendable (_ partition: Int32, _ offset: Int64) -> String)?
  /// Whether the decoder has no number left for the class of the record, if it was none before.
  var isOther: (@Sendable (_ offset: Int64) -> Bool)?
  /// The label, where it is the place of a class.
  var classNumber: (@Sendable (_ partition: Int32, _ offset: Int64) -> Int)?

  /// Records that are not there, as if they had never been.
  var lacks: LeftOut = .nothing

  func end(of partition: Int32) -> Int64 {
    empty.contains(partition) ? 0 : Int64(shorter[partition] ?? recordsPerPartition)
  }

  /// Fills a partition's buffer from `nextOffset` to the end.
  func fill(_ buffer: PartitionBuffer, _ book: ClassBook? = nil, _ numbers: inout [String: Int]) {
    let end = end(of: buffer.partition)
    for offset in buffer.nextOffset..<max(end, buffer.nextOffset)
    where lacks.stretch(at: offset, of: buffer.partition) == nil {
      put(offset, into: buffer, book, &numbers)
    }
    buffer.markEnd(upTo: end)
  }

  /// One record, which there has to be room for.
  func put(_ offset: Int64, into buffer: PartitionBuffer, _ book: ClassBook?, _ numbers: inout [String: Int]) {
    if rejectEvery > 0 && offset % rejectEvery == 1 || refuses?(buffer.partition, offset) ?? false {
      if hasMarks {
        buffer.commitRejected(offset: offset, reason: .wrongType, field: 1)
      } else {
        buffer.commitRejected(offset: offset, reason: .malformed)
      }
      return
    }
    guard let slot = buffer.beginSlot() else { preconditionFailure("the buffer is too small for the test") }
    var random = SplitMix64(seed: UInt64(buffer.partition) << 32 | UInt64(offset))
    let (x, y) = (Float(random.nextUnit() * 2 - 1), Float(random.nextUnit() * 2 - 1))
    slot.numbers[0] = poisoned.contains(offset) && buffer.partition == 0 ? poison : x
    slot.numbers[1] = y
    slot.categories[0] = UInt32(random.next() % 7) + 1
    slot.labels.pointee = x + y + (slot.categories[0] == 3 ? 1 : 0) > 0 ? 1 : 0
    if let className {
      let name = className(buffer.partition, offset)
      if numbers[name] == nil, isOther?(offset) != true {
        numbers[name] = numbers.count
        book?.add([name])
      }
      slot.labels.pointee = numbers[name].map(Float.init) ?? RecordDecoder.otherClass
    }
    if let classNumber { slot.labels.pointee = Float(classNumber(buffer.partition, offset)) }
    if labelCount > 1 { slot.labels[1] = x > y ? 1 : 0 }
    if labelCount > 2 { slot.labels[2] = y > 0.5 ? .nan : (2 + 2 * x).rounded() }
    if let weight { slot.weight?.pointee = weight(buffer.partition, offset) }
    slot.eventTime.pointee = Double(offset)
    let marks: [UInt8] = [hasMarks && offset % 3 == 0 ? 1 : 0, hasMarks && offset % 5 == 0 ? 2 : 0, 0, 0]
    let marked = marks.indices.filter { marks[$0] != 0 }.map(Int32.init)
    marked.withUnsafeBufferPointer { fields in
      _ = buffer.commitExample(
        offset: offset, marks: fields.isEmpty ? .none : FieldMarks(fields: fields, marks: marks),
        labelTime: labelDelay.map { Double(offset) + $0(offset) } ?? .nan)
    }
  }
}

/// A pipeline of two numbers and a category.
func smallPipeline(_ change: (inout Pipeline) -> Void = { _ in }) -> Pipeline {
  var category = FeatureSettings(name: "c", type: .category)
  category.buckets = 16
  category.dimension = 2
  var model = ModelSettings(task: .binary)
  model.hidden = [8]
  var training = TrainingSettings()
  training.recordsPerPartition = 4
  training.linger = .milliseconds(1)
  training.optimizer.learningRate = 0.02
  var checkpoint = CheckpointSettings()
  checkpoint.everySteps = 50
  checkpoint.every = .seconds(3600)
  var pipeline = Pipeline(
    name: "small", source: SourceSettings(topic: "small"),
    schema: FeatureSchema(
      label: LabelSettings(path: "y"),
      features: [FeatureSettings(name: "a", type: .float), FeatureSettings(name: "b", type: .float), category]),
    model: model, training: training, checkpoint: checkpoint, health: HealthSettings(), rollout: RolloutSettings(),
    serving: ServingSettings())
  change(&pipeline)
  return pipeline
}

/// What a rank was left with.
struct LoopResult: Sendable {
  var end: GenerationEnd?
  var error: String?
  var divergence: ReplicaDivergence?
  /// Of steps that were made twice.
  var doubts: [String] = []
  /// What was found out of `suspicion`.
  var wrong: [Int]?
  var state: TrainingState
  var learner: [UInt8]
  var memory: [UInt8]?
  var snapshots: [Snapshot]
  var quarantined: [QuarantinedRecord]
}

/// Runs one rank's step loop over a memory stream, on the calling thread.
func runLoop(
  _ pipeline: Pipeline, stream: MemoryStream, collective: any Collective, board: ControlBoard,
  from start: (state: TrainingState, learner: [UInt8])? = nil, memory: [UInt8]? = nil,
  further: [any EncoderPlan] = [], examples: FieldExamples = FieldExamples(), savedStep: Int64 = -1,
  suspicion: Suspicion? = nil, meter: StepMeter = StepMeter(), frozen: FrozenVersions = FrozenVersions(),
  model: (Learner) -> any Model = { $0 },
  beforeStep: (StepLoop) -> Void = { _ in }
) throws -> LoopResult {
  prepareArithmeticThread()
  let task = EvaluationTask(pipeline)
  let deal = pipeline.deal(partitions: stream.partitionCount)
  let spec = LearnerSpec(pipeline)
  let learner: any Model
  if spec.recipe == nil {
    learner = model(Learner(spec: spec, batchCapacity: deal.stepMax, further: further))
  } else {
    learner = spec.makeModel(batchCapacity: deal.stepMax)
  }
  if let start { try learner.restoreState(start.learner) }
  try learner.restoreMemory(memory)
  let state =
    start?.state
    ?? TrainingState(
      task: task,
      progress: (0..<Int32(stream.partitionCount)).map { PartitionProgress(partition: $0, startOffset: 0) })
  let owned = partitions(
    of: collective.rank, worldSize: collective.worldSize, partitionCount: stream.partitionCount
  ).map(Int32.init)
  let buffers = owned.map { partition in
    PartitionBuffer(
      partition: partition, capacity: stream.recordsPerPartition + 1, numberCount: 2, categoryCount: 1,
      labelCount: pipeline.heads.count, fieldCount: 4, weighsRecords: stream.weight != nil,
      nextOffset: state.progress[Int(partition)].nextOffset)
  }
  let label = pipeline.schema.label
  let book = label.findsClasses ? ClassBook() : nil
  var numbers: [String: Int] = [:]
  // Decoders meet names in another order than the steps do.
  for buffer in buffers.reversed() { stream.fill(buffer, book, &numbers) }
  let batch = FeatureBatch(
    capacity: max(1, deal.rowsMax(ofPartitions: buffers.count)), numberCount: 2, categoryCount: 1,
    labelCount: pipeline.heads.count, weighsRecords: stream.weight != nil)
  let quarantine = Quarantine(topic: "small")
  var snapshots: [Snapshot] = []
  var doubts: [String] = []
  let gear = StepLoop.Gear(
    learner: learner,
    shares: StepShares(
      buffers: buffers, batch: batch, deal: deal,
      classes: book.map { FoundClasses(label, names: state.classes, book: $0) }),
    account: StepAccount(rowsMax: deal.takeMax, outputCount: learner.outputCount, fieldCount: 4, task: task),
    frozen: FrozenPredictions(
      source: frozen, task: task, batchCapacity: batch.capacity, memory: learner.memory),
    quarantine: quarantine, examples: examples,
    sum: GroupSum(
      isReproducible: pipeline.training.reproducible, worldSize: collective.worldSize,
      partitionCount: stream.partitionCount), meter: meter,
    sampler: RowSampler(pipeline, outputCount: learner.outputCount),
    sliceBook: pipeline.rollout.slices.isEmpty ? nil : SliceBook(SliceColumns(pipeline)),
    tellDoubt: { doubts.append($0) })
  let loop = StepLoop(
    pipeline: pipeline, collective: collective, gear: gear, board: board, state: state,
    saving: StepLoop.Saving(savedStep: savedStep) { snapshots.append($0) })
  var wrong: [Int]?
  if let suspicion { loop.suspect(suspicion) { wrong = $0 } }
  beforeStep(loop)
  var end: GenerationEnd?
  var failure: (any Error)?
  do { end = try loop.run() } catch { failure = error }
  return LoopResult(
    end: end, error: failure.map { String(describing: $0) }, divergence: failure as? ReplicaDivergence, doubts: doubts,
    wrong: wrong,
    state: loop.state, learner: learner.encodeState(), memory: learner.encodeMemory(),
    snapshots: snapshots, quarantined: quarantine.takeFound())
}

/// Runs `worldSize` ranks as threads over real loopback sockets.
///
/// - Parameter stops: Somebody has asked for a stop already.
func runRanks(
  _ worldSize: Int, _ pipeline: Pipeline, stream: MemoryStream, stopsAtEnd: Bool = true, stops: Bool = false,
  from start: (state: TrainingState, learner: [UInt8])? = nil, memory: [UInt8]? = nil,
  further: [any EncoderPlan] = [], savedStep: Int64 = -1, stepLimit: Int64? = nil, suspicion: Suspicion? = nil,
  frozen: @escaping @Sendable (_ rank: Int) -> FrozenVersions = { _ in FrozenVersions() },
  model: @escaping @Sendable (Learner) -> any Model = { $0 },
  modelOfRank: (@Sendable (_ rank: Int, Learner) -> any Model)? = nil,
  overlaps: Bool = true, watch: @escaping @Sendable (_ rank: Int, HookedCollective.Event) -> Void = { _, _ in },
  beforeExchange: @escaping @Sendable (Int, ControlBoard) -> Void = { _, _ in }
) async throws -> [LoopResult] {
  let listeners = try (0..<worldSize).map { _ in try CollectiveListener() }
  let addresses = listeners.map(\.address)
  return try await withThrowingTaskGroup(of: (Int, LoopResult).self) { group in
    for (rank, listener) in listeners.enumerated() {
      group.addTask {
        let result = try await onDedicatedThread(named: "rank \(rank)") {
          let collective: any Collective =
            worldSize == 1
            ? SoloCollective(generation: Generation(1))
            : try listener.form(
              generation: Generation(1), rank: Rank(rank), members: addresses, secret: Array(repeating: 7, count: 32),
              deadline: .after(.seconds(20)))
          defer { collective.close() }
          let board = ControlBoard()
          board.wish { wishes in
            wishes.stopsAtEnd = stopsAtEnd
            wishes.stepLimit = stepLimit
            wishes.stop = stops
          }
          return try runLoop(
            pipeline, stream: stream,
            collective: HookedCollective(collective, overlaps: overlaps, watch: { watch(rank, $0) }) {
              beforeExchange($0, board)
            },
            board: board, from: start,
            memory: memory, further: further, savedStep: savedStep, suspicion: suspicion,
            frozen: frozen(rank), model: { learner in modelOfRank.map { $0(rank, learner) } ?? model(learner) })
        }
        return (rank, result)
      }
    }
    var results: [Int: LoopResult] = [:]
    for try await (rank, result) in group { results[rank] = result }
    return (0..<worldSize).compactMap { results[$0] }
  }
}

/// Two ranks of which rank 1 leaves after some steps without a word.
func runRanksWithOneLeaving(stream: MemoryStream, after steps: Int) async throws -> [LoopResult] {
  let listeners = try (0..<2).map { _ in try CollectiveListener() }
  let addresses = listeners.map(\.address)
  return try await withThrowingTaskGroup(of: (Int, LoopResult).self) { group in
    for (rank, listener) in listeners.enumerated() {
      group.addTask {
        let result = try await onDedicatedThread(named: "rank \(rank)") {
          let formed = try listener.form(
            generation: Generation(1), rank: Rank(rank), members: addresses, secret: Array(repeating: 7, count: 32),
            deadline: .after(.seconds(20)))
          defer { formed.close() }
          let collective = HookedCollective(formed) { exchange in
            guard rank == 1, exchange == steps else { return }
            formed.close()
            throw Died()
          }
          return try runLoop(smallPipeline(), stream: stream, collective: collective, board: ControlBoard())
        }
        return (rank, result)
      }
    }
    var results: [Int: LoopResult] = [:]
    for try await (rank, result) in group { results[rank] = result }
    return (0..<2).compactMap { results[$0] }
  }
}

/// A collective that counts its exchanges and says so before each; what the hook throws, the exchange throws. It says what
/// it is asked for, and may be one that begins nothing before all is there.
final class HookedCollective: Collective {
  private let base: any Collective
  enum Event: Sendable, Equatable {
    case opened
    /// So many stretches.
    case final(Int)
    case exchanged
  }

  private let overlaps: Bool
  private let watch: (Event) -> Void
  private let hook: (Int) throws -> Void
  private var count = 0

  init(
    _ base: any Collective, overlaps: Bool = true, watch: @escaping (Event) -> Void = { _ in },
    _ hook: @escaping (Int) throws -> Void
  ) {
    self.base = base
    self.overlaps = overlaps
    self.watch = watch
    self.hook = hook
  }

  var rank: Rank { base.rank }
  var worldSize: Int { base.worldSize }
  var generation: Generation { base.generation }
  var descriptors: [Int32] { base.descriptors }

  func open(_ dense: DenseValues) {
    watch(.opened)
    if overlaps { base.open(dense) }
  }

  func advance(_ stretches: Int) {
    watch(.final(stretches))
    if overlaps { base.advance(stretches) }
  }

  func exchange<Result>(
    _ dense: DenseValues, attachment: UnsafeRawBufferPointer, deadline: Deadline,
    _ body: ([UnsafeRawBufferPointer]) throws -> Result
  ) throws -> Result {
    try hook(count)
    count += 1
    watch(.exchanged)
    return try base.exchange(dense, attachment: attachment, deadline: deadline, body)
  }

  func broadcast(from root: Rank, _ bytes: [UInt8], deadline: Deadline) throws -> [UInt8] {
    try base.broadcast(from: root, bytes, deadline: deadline)
  }

  func close() { base.close() }
}

/// A rank's process died.
private struct Died: Error {}
