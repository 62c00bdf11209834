import Collectives
import Confinement
import Evaluation
import Health
import Ingest
import Learning
import Membership
import Pipelines
import Registry
import Rollouts
import Tensors
import Vocabulary
import Worker

/// Runs the true step loop over the zoo's stream, and holds its windows against the rules as the controller does.
struct ZooRig: Sendable {
  var stream: ZooStream
  /// What is learned, and how.
  var pipeline = Self.usual
  /// The version that serves; nil: none does.
  var stable: [UInt8]?
  var model: @Sendable (Learner) -> any Model = { $0 }
  /// Which partitions a rank takes; nil: as they are dealt.
  var owned: (@Sendable (Rank) -> [Int32])?
  /// Records of each partition that a rank leaves out before it begins.
  var leavesOut: @Sendable (Rank) -> Int64 = { _ in 0 }

  static let (stepsPerWindow, perPartition) = (16, 16)
  static let usual = smallPipeline { pipeline in
    pipeline.schema.features.insert(FeatureSettings(name: "d", type: .float), at: 2)
    // Room for each value.
    pipeline.schema.features[3].buckets = 4096
    pipeline.model.hidden = [16, 8]
    pipeline.training.recordsPerPartition = perPartition
    pipeline.training.optimizer.learningRate = 0.01
    pipeline.checkpoint.everySteps = stepsPerWindow
  }
  static let spec = LearnerSpec(usual)
  static let fields = DeclaredField.all(usual.schema, heads: usual.heads)

  /// Goes on up to the end of a window, alone.
  func run(upTo window: Int, from start: (state: TrainingState, learner: [UInt8])? = nil) throws -> LoopResult {
    try run(upTo: window, from: start, collective: SoloCollective(generation: Generation(1)))
  }

  /// The same as a group, over real loopback sockets.
  func run(_ worldSize: Int, upTo window: Int) async throws -> [LoopResult] {
    let listeners = try (0..<worldSize).map { _ in try CollectiveListener() }
    let addresses = listeners.map(\.address)
    return try await withThrowingTaskGroup(of: (Int, LoopResult).self) { group in
      for (rank, listener) in listeners.enumerated() {
        group.addTask {
          try await onDedicatedThread(named: "rank \(rank)") {
            let collective = try listener.form(
              generation: Generation(1), rank: Rank(rank), members: addresses, secret: Array(repeating: 7, count: 32),
              deadline: .after(.seconds(20)))
            defer { collective.close() }
            return (rank, try run(upTo: window, from: nil, collective: collective))
          }
        }
      }
      var results: [Int: LoopResult] = [:]
      for try await (rank, result) in group { results[rank] = result }
      return (0..<worldSize).compactMap { results[$0] }
    }
  }

  private func run(
    upTo window: Int, from start: (state: TrainingState, learner: [UInt8])?, collective: any Collective
  ) throws -> LoopResult {
    prepareArithmeticThread()
    let (task, spec) = (EvaluationTask(pipeline), LearnerSpec(pipeline))
    let deal = pipeline.deal(partitions: ZooStream.partitions)
    let learner = Learner(spec: spec, batchCapacity: deal.stepMax)
    if let start { try learner.restoreState(start.learner) }
    let state =
      start?.state
      ?? TrainingState(
        task: task,
        progress: (0..<Int32(ZooStream.partitions)).map { PartitionProgress(partition: $0, startOffset: 0) })
    let last = window * pipeline.checkpoint.everySteps * pipeline.training.recordsPerPartition
    let partitions =
      owned?(collective.rank)
      ?? partitions(of: collective.rank, worldSize: collective.worldSize, partitionCount: ZooStream.partitions)
      .map(Int32.init)
    let buffers = partitions.map { partition in
      let buffer = PartitionBuffer(
        partition: partition, capacity: last + 1, numberCount: 3, categoryCount: 1, fieldCount: Self.fields.count,
        nextOffset: state.progress[Int(partition)].nextOffset + leavesOut(collective.rank))
      stream.fill(buffer, upTo: Int64(last))
      return buffer
    }
    let batch = FeatureBatch(
      capacity: deal.rowsMax(ofPartitions: buffers.count), numberCount: 3, categoryCount: 1)
    let frozen = FrozenVersions()
    if let stable {
      frozen.call(
        [1], serving: 1, new: [FrozenVersions.Version(number: 1, model: try ModelParameters(spec: spec, state: stable))]
      )
    }
    let quarantine = Quarantine(topic: "zoo")
    var snapshots: [Snapshot] = []
    let loop = StepLoop(
      pipeline: pipeline, collective: collective,
      gear: StepLoop.Gear(
        learner: model(learner), shares: StepShares(buffers: buffers, batch: batch, deal: deal),
        account: StepAccount(
          rowsMax: deal.takeMax, outputCount: learner.outputCount, fieldCount: Self.fields.count, task: task),
        frozen: FrozenPredictions(source: frozen, task: task, batchCapacity: batch.capacity), quarantine: quarantine,
        sum: GroupSum(
          isReproducible: false, worldSize: collective.worldSize, partitionCount: ZooStream.partitions),
        sampler: RowSampler(pipeline, outputCount: learner.outputCount)),
      board: board(upTo: window), state: state, saving: StepLoop.Saving { snapshots.append($0) })
    var end: GenerationEnd?
    var failure: String?
    do { end = try loop.run() } catch { failure = String(describing: error) }
    return LoopResult(
      end: end, error: failure, state: loop.state, learner: learner.encodeState(), memory: nil, snapshots: snapshots,
      quarantined: quarantine.takeFound())
  }

  private func board(upTo window: Int) -> ControlBoard {
    let board = ControlBoard()
    board.wish { wishes in
      wishes.stopsAtEnd = true
      wishes.stepLimit = Int64(window * pipeline.checkpoint.everySteps)
    }
    return board
  }
}

/// Holds windows against the rules, one after the other, as the controller does with the tables.
struct ZooKeeper: Sendable {
  private var history = WindowHistory()
  private var samples: [RowSample] = []
  private var layers: [LayerHealth] = []
  private var trusted: (layers: [LayerHealth], baseline: DriftBaseline?)?

  /// What the rules say of a snapshot's window.
  mutating func look(
    _ snapshot: Snapshot, of spec: LearnerSpec = ZooRig.spec, policy: HealthPolicy = HealthPolicy()
  ) throws -> [HealthFinding] {
    let checkpoint = snapshot.state.checkpoint(ZooRig.fields)
    let model = try ModelParameters(spec: spec, state: snapshot.learner)
    var window = HealthWindow(
      layers: snapshot.health, fields: checkpoint.fields?.with(model.valueRows, model.numberScales),
      score: HealthWindow.Score(
        checkpoint.window, lossWatch: checkpoint.lossWatch, stableWatch: checkpoint.stableWatch,
        fields: checkpoint.fields),
      lossShifts: checkpoint.lossWatch?.shifts, stableShifts: checkpoint.stableWatch?.shifts,
      isFirst: samples.isEmpty, baseline: trusted?.layers)
    window.costs = snapshot.costs
    history.put(&window)
    if let sample = snapshot.sample { samples.insert(sample.settled(), at: 0) }
    window.look(
      at: Array(samples.prefix(16)), isSampled: snapshot.sample != nil, topic: "zoo", baseline: trusted?.baseline)
    layers = snapshot.health
    return examine(window, policy: policy)
  }

  /// The window looked at last is that of the version that serves from now on.
  mutating func promote() {
    trusted = (layers, DriftBaseline(samples, falseAlarms: HealthLimits().falseAlarmsMax))
  }
}

/// A run in which nothing was wrong: a version began to serve in it, and was compared with.
struct ZooPast: Sendable {
  let stream: ZooStream
  let stable: [UInt8]
  /// Of the first window, for whatever goes on from what is long past.
  let early: [UInt8]
  let end: LoopResult
  let keeper: ZooKeeper
  /// By window: what was found nevertheless.
  let findings: [[HealthFinding]]

  /// Windows until the version is made, and until the end.
  static let (promoted, windows) = (10, 16)

  init(seed: UInt64) throws {
    stream = ZooStream(seed: seed)
    var keeper = ZooKeeper()
    let young = try ZooRig(stream: stream).run(upTo: Self.promoted)
    var findings = try young.snapshots.map { try keeper.look($0) }
    keeper.promote()
    (stable, early) = (young.learner, young.snapshots[0].learner)
    end = try ZooRig(stream: stream, stable: stable).run(upTo: Self.windows, from: (young.state, young.learner))
    findings += try end.snapshots.map { try keeper.look($0) }
    (self.keeper, self.findings) = (keeper, findings)
  }

  /// Goes on with or without a fault.
  func goOn(
    _ windows: Int, change: (@Sendable (ZooStream, Int32, Int64) -> ZooRecord)? = nil,
    model: @escaping @Sendable (Learner) -> any Model = { $0 }
  ) throws -> (result: LoopResult, findings: [[HealthFinding]]) {
    var (stream, keeper) = (stream, keeper)
    stream.change = change
    let result = try ZooRig(stream: stream, stable: stable, model: model)
      .run(upTo: Self.windows + windows, from: (end.state, end.learner))
    return (result, try result.snapshots.map { try keeper.look($0) })
  }
}
