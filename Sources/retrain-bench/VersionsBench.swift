import Collectives
import Evaluation
import Ingest
import Learning
import Pipelines
import Tensors
import Vocabulary
import Worker

extension Workload {
  static let versions = Workload(
    name: "versions",
    summary: "what versions that are scored beside the learner cost, and slices: shares of a worker's step, in turn",
    flags: [
      BenchFlag("batch", "records", "256", "Records a step; a multiple of 4."),
      BenchFlag("values", "n", "20", "Values of each field that slices are of; more than 64 have a slice in common."),
      BenchFlag(
        "steps", "n", "128", "In a window. With the last one comes a checkpoint, which is counted with all of them."),
      BenchFlag("samples", "n", "15", "Windows of each."), BenchFlag("clock", "wall|cpu", "cpu", BenchFlag.clock.help),
    ]
  ) { options in
    let clock = try BenchClock(flag: options.string("clock"))
    let shape = VersionsCase(
      batch: try options.int("batch"), values: try options.int("values"), steps: try options.int("steps"))
    guard shape.batch % VersionsCase.partitions == 0 else { throw BenchError("--batch is a multiple of 4") }
    try shape.run(samples: try options.int("samples"), clock)
  }
}

/// The worker's own loop on the network W1, with records that are there: from 0 to 4 versions, and from 0 to 4 fields of slices
/// where two versions are compared.
private struct VersionsCase: Sendable {
  static let partitions = 4
  private static let width = 64

  let batch: Int
  let values: Int
  /// A window.
  let steps: Int

  private struct Contestant: Hashable {
    var versions = 0
    var fields = 0
  }

  func run(samples: Int, _ clock: BenchClock) throws {
    prepareArithmeticThread()
    let plain = (0...FrozenVersions.countMax).map { Contestant(versions: $0) }
    let sliced = (1...4).map { Contestant(versions: 2, fields: $0) }
    let rigs = try (plain + sliced).map { ($0, try VersionsRig(self, versions: $0.versions, fields: $0.fields)) }
    var times: [Contestant: [Double]] = [:]
    // The first window warms up, and shows that nobody learns otherwise because somebody looks.
    for window in 0...samples {
      for turn in rigs.indices {
        let (contestant, rig) = rigs[(turn + window) % rigs.count]
        rig.fill()
        let time = try clock.measure { try rig.run() }
        if window > 0 { times[contestant, default: []].append(time) }
      }
      guard window == 0 else { continue }
      let states = rigs.map { $0.1.learner.parametersDigestInput }
      guard states.allSatisfy({ $0 == states[0] }) else {
        throw BenchError("versions that look change what is learned")
      }
      for (contestant, rig) in rigs { try rig.prove(contestant.versions) }
    }
    let params = ["net": "W1", "batch": "\(batch)"]
    let none = times[Contestant()] ?? []
    try BenchReport(
      workload: "worker_step", params: params, samples: none.map { $0 / Double(steps) * 1e6 }, unit: "us"
    ).emit()
    func tell(_ name: String, _ of: Contestant, beside: Contestant, _ more: [String: String]) throws {
      let costs = zip(times[of] ?? [], times[beside] ?? []).map { $0 / $1 - 1 }
      try BenchReport(
        workload: "step_cost_of_\(name)", params: params.merging(more) { $1 }, samples: costs, unit: "of a step"
      ).emit()
    }
    for contestant in plain.dropFirst() {
      try tell("versions", contestant, beside: Contestant(), ["versions": "\(contestant.versions)"])
    }
    for contestant in sliced {
      try tell(
        "slices", contestant, beside: Contestant(versions: contestant.versions),
        ["versions": "\(contestant.versions)", "fields": "\(contestant.fields)", "values": "\(values)"])
    }
  }

  /// The last fields are those that slices are of.
  func pipeline(fields: Int) -> Pipeline {
    var model = ModelSettings(task: .binary)
    model.hidden = [256, 128]
    var training = TrainingSettings()
    training.recordsPerPartition = batch / Self.partitions
    // Full steps only.
    training.reproducible = true
    var checkpoint = CheckpointSettings()
    checkpoint.everySteps = .max / 2
    checkpoint.every = .seconds(86_400)
    var rollout = RolloutSettings()
    rollout.slices = (0..<fields).map { "n\(Self.width - 1 - $0)" }
    return Pipeline(
      name: "bench", source: SourceSettings(topic: "bench"),
      schema: FeatureSchema(
        label: LabelSettings(path: "y"),
        features: (0..<Self.width).map { FeatureSettings(name: "n\($0)", type: .float) }),
      model: model, training: training, checkpoint: checkpoint, health: HealthSettings(), rollout: rollout,
      serving: ServingSettings())
  }

  /// As many records as a window of one partition has; the last four numbers are of few values.
  func records(seed: UInt64) -> FeatureBatch {
    let batch = FeatureBatch(capacity: steps * self.batch / Self.partitions, numberCount: Self.width, categoryCount: 0)
    var random = SplitMix64(seed: seed)
    for row in 0..<batch.capacity {
      var sum: Float = 0
      for column in 0..<Self.width {
        let number = column < Self.width - 4 ? random.nextNearlyNormal() : Float(random.next() % UInt64(values))
        batch.numbers[row * Self.width + column] = number
        if column < 8 { sum += number }
      }
      batch.labels[row] = sum + random.nextNearlyNormal() > 0 ? 1 : 0
    }
    batch.count = batch.capacity
    return batch
  }
}

/// One contestant: a learner and its loop, which goes on from window to window.
private final class VersionsRig {
  let learner: Learner
  private let pipeline: Pipeline
  private let buffers: [PartitionBuffer]
  private let records: [FeatureBatch]
  private let gear: StepLoop.Gear
  private var state: TrainingState
  private var next: Int64 = 0

  init(_ shape: VersionsCase, versions: Int, fields: Int) throws {
    pipeline = shape.pipeline(fields: fields)
    let count = VersionsCase.partitions
    let spec = LearnerSpec(pipeline)
    learner = Learner(spec: spec, batchCapacity: shape.batch)
    records = (0..<count).map { shape.records(seed: UInt64($0)) }
    let declared = DeclaredField.all(pipeline.schema, heads: pipeline.heads)
    buffers = (0..<Int32(count)).map { [capacity = records[0].capacity] partition in
      PartitionBuffer(
        partition: partition, capacity: capacity + 1, numberCount: spec.numbers.count, categoryCount: 0,
        fieldCount: declared.count, nextOffset: 0)
    }
    let frozen = FrozenVersions()
    let numbers = (0..<Int64(versions)).map { $0 + 1 }
    let weights = learner.encodeState()
    frozen.call(
      numbers, serving: 1,
      new: try numbers.map { FrozenVersions.Version(number: $0, of: try FrozenModel(spec: spec, state: weights)) })
    let columns = SliceColumns(pipeline)
    let share = shape.batch / count
    gear = StepLoop.Gear(
      learner: learner,
      shares: StepShares(
        buffers: buffers,
        batch: FeatureBatch(capacity: shape.batch, numberCount: spec.numbers.count, categoryCount: 0),
        deal: pipeline.deal(partitions: count)),
      account: StepAccount(rowsMax: share, outputCount: 1, fieldCount: declared.count, task: .binary),
      frozen: FrozenPredictions(source: frozen, task: .binary, batchCapacity: shape.batch),
      quarantine: Quarantine(topic: "bench"),
      sum: GroupSum(isReproducible: true, worldSize: 1, partitionCount: count),
      sampler: RowSampler(pipeline, outputCount: 1), sliceBook: columns.isEmpty ? nil : SliceBook(columns))
    state = TrainingState(
      task: .binary, progress: (0..<Int32(count)).map { PartitionProgress(partition: $0, startOffset: 0) })
  }

  /// The records of the next window.
  func fill() {
    let count = records[0].count
    for (buffer, records) in zip(buffers, records) {
      for row in 0..<count {
        guard let slot = buffer.beginSlot() else { preconditionFailure("a buffer is full") }
        slot.numbers.update(from: records.numbers + row * records.numberCount, count: records.numberCount)
        slot.labels.pointee = records.labels[row]
        slot.eventTime.pointee = .nan
        buffer.commitExample(offset: next + Int64(row))
      }
      buffer.markEnd(upTo: next + Int64(count))
    }
    next += Int64(count)
  }

  func run() throws {
    let board = ControlBoard()
    board.wish { $0.stopsAtEnd = true }
    let loop = StepLoop(
      pipeline: pipeline, collective: SoloCollective(generation: Generation(1)), gear: gear, board: board,
      state: state, saving: StepLoop.Saving { _ in })
    guard try loop.run() == .finished else { throw BenchError("a window did not come to its end") }
    state = loop.state
    guard state.trained == next * Int64(buffers.count) else { throw BenchError("records were not learned") }
  }

  /// Each version was asked about each record.
  func prove(_ versions: Int) throws {
    let asked = state.frozen.entries.map(\.weight)
    guard asked == Array(repeating: Double(state.trained), count: versions) else {
      throw BenchError("of \(state.trained) records versions were asked about \(asked)")
    }
  }
}
