import Collectives
import Confinement
import Evaluation
import Ingest
import Kafka
import Learning
import Pipelines
import Registry
import Rollouts
import Telemetry
import Vocabulary

extension TrainingThread {
  /// How many times the records that a candidate needs its learner's trend looks back, at least.
  private static let trendWindows: Int64 = 8

  /// What counts what a step brought, and how versions do beside each other.
  func account(_ deal: StepDeal) -> StepAccount {
    let rollout = resources.pipeline.rollout
    return StepAccount(
      rowsMax: min(deal.takeMax, max(deal.shareMax, ModelSize.waitingMax)), outputCount: learner.outputCount,
      fieldCount: resources.fields.count, task: task, trendPairs: Self.trendWindows * Int64(rollout.recordsMin),
      policy: RolloutPolicy(
        lossTolerance: rollout.lossTolerance, lossToleranceRelative: rollout.lossToleranceRelative))
  }

  /// Makes every rank hold the newest state there is: from a member's memory, else from the newest checkpoint, else new.
  ///
  /// - Throws: `CollectiveError` when a peer is lost; `LearningError` when the saved state is of another model.
  func agreeOnState(_ collective: any Collective) throws -> TrainingState {
    let isLeader = collective.rank == Rank(0)
    let newest = isLeader ? try newestCheckpoint() : nil
    let standings = try exchange(
      Standing(
        held: state?.step ?? -1, classes: Int64(state?.classes.count ?? 0), saved: newest?.step ?? -1),
      over: collective)
    let saved = standings[0].saved
    savedStep = saved
    let holder = Standing.source(standings)
    let (isInMemory, source) = (holder != nil, holder ?? Rank(0))
    if isLeader {
      let checkpoints = resources.checkpoints
      let parent = newest?.id
      let records = newest?.progress.reduce(0) { $0 + $1.trained + $1.rejected } ?? 0
      try blockingAwait(until: .after(.seconds(10))) {
        await checkpoints.begin(
          parent: parent, step: saved, records: records, writtenAt: newest?.createdAt, goesOnFromMemory: isInMemory)
      }
    } else {
      // Another one writes them.
      resources.metrics.checkpointTime.set(0)
    }
    if collective.rank == source, !isInMemory {
      state = try newest.map { try restore($0) } ?? newState()
    }
    if isInMemory, Standing.agree(standings), let state { return state }
    var bytes: [UInt8] = []
    if collective.rank == source, let state {
      bytes = try state.handOver(learner: learner.encodeState(), memory: learner.encodeMemory())
    }
    bytes = try collective.broadcast(from: source, bytes, deadline: .after(.seconds(60)))
    let received = try TrainingState.receive(bytes)
    if collective.rank != source {
      try learner.restoreState(received.learner)
      try learner.restoreMemory(received.memory)
    }
    return received.state
  }

  private func exchange(_ standing: Standing, over collective: any Collective) throws -> [Standing] {
    var bytes: [UInt8] = []
    bytes.append(raw: standing.held)
    bytes.append(raw: standing.classes)
    bytes.append(raw: standing.saved)
    return try bytes.withUnsafeBytes { attachment in
      try collective.exchange(
        dense: UnsafeMutableBufferPointer(start: nil, count: 0), attachment: attachment,
        deadline: .after(.seconds(30))
      ) { attachments in
        try attachments.map { bytes in
          var reader = ByteReader(bytes)
          return Standing(held: try reader.read(), classes: try reader.read(), saved: try reader.read())
        }
      }
    }
  }

  private func newestCheckpoint() throws -> CheckpointRecord? {
    let (registry, pipelineID, run) = (resources.registry, resources.pipelineID, resources.run)
    return try blockingAwait(until: .after(.seconds(20))) {
      try await registry.newestCheckpoint(pipeline: pipelineID, run: run)
    }
  }

  private func restore(_ checkpoint: CheckpointRecord) throws -> TrainingState {
    let registry = resources.registry
    let (bytes, memory) = try blockingAwait(until: .after(.seconds(60))) {
      (try await registry.state(of: checkpoint.id), try await registry.memory(of: checkpoint.id))
    }
    let contract = try blockingAwait(until: .after(.seconds(20))) {
      try await registry.contract(ofCheckpoint: checkpoint.id)
    }.map { try DataContract(text: $0.text) }
    try take(bytes, memory, of: checkpoint, under: contract)
    var state = TrainingState(checkpoint.checkpoint, task: task, resources.fields)
    // Those that were listed, where they are found from now on.
    if resources.pipeline.schema.label.findsClasses { state.classes = contract?.schema.label.classes ?? [] }
    try begin(&state)
    resources.logger.notice(
      "resuming from a checkpoint", [.checkpoint: LogValue(checkpoint.id), .step: LogValue(checkpoint.step)])
    return state
  }

  /// The learner goes on from a checkpoint's state; what was learned under another contract is taken over by name.
  private func take(
    _ bytes: [UInt8], _ memory: [UInt8]?, of checkpoint: CheckpointRecord, under contract: DataContract?
  ) throws {
    func restore() throws {
      try learner.restoreState(bytes)
      try learner.restoreMemory(memory)
      if let trouble = RestoredState.trouble(bytes, in: learner, resources.pipeline.training) {
        tell(.learning, trouble)
      }
    }
    guard let contract, contract.text != resources.contract else { return try restore() }
    let before = resources.pipeline.under(contract)
    let spec = LearnerSpec(before)
    if learner.hasShape(of: spec), before.schema.categoryInputs == resources.pipeline.schema.categoryInputs {
      return try restore()
    }
    let edits = DataContract(before).edits(to: DataContract(resources.pipeline))
    if let edit = edits.first(where: { $0.effect == .changes }) {
      throw LearningError(code: .anotherSpec, reason: "\(edit.setting) was edited: \(edit.meaning)")
    }
    try learner.adoptState(
      bytes, of: spec, rows: CategoryRows.origins(from: before.schema, to: resources.pipeline.schema),
      listed: CategoryRows.listed(from: before.schema, to: resources.pipeline.schema))
    if let memory { try learner.memory.adoptState(memory) } else { learner.memory.clear() }
    resources.logger.notice(
      "the model goes on with what was added to it", [.checkpoint: LogValue(checkpoint.id)])
  }

  private func newState() throws -> TrainingState {
    // A worker that gave up its state has a learner that has learned.
    if hasLearned {
      let pipeline = resources.pipeline
      try learner.restoreState(LearnerSpec(pipeline).makeModel(batchCapacity: 1).encodeState())
      learner.memory.clear()
    }
    var state = TrainingState(task: task, progress: [])
    try begin(&state)
    return state
  }

  /// Gives the partitions that the lineage has not seen yet, or not in this stream, their place to begin. That is in the
  /// tables before a record is learned: a worker that dies before its first checkpoint begins there again, and skips nothing.
  private func begin(_ state: inout TrainingState) throws {
    let known = state.progress.filter { $0.stream == resources.stream }.map(\.partition)
    let missing = Set(0..<Int32(resources.partitionCount)).subtracting(known)
    guard !missing.isEmpty else { return }
    let (registry, consumer, pipelineID) = (resources.registry, resources.consumer, resources.pipelineID)
    let (stream, isFresh) = (resources.stream, state.progress.isEmpty)
    let start = resources.pipeline.source.start
    let starts = try blockingAwait(until: .after(.seconds(120))) {
      let decided = try await registry.streamStarts(pipeline: pipelineID, stream: stream)
      // A partition, or a topic, that came later is learned from its first record.
      let skipsToEnd = start == .latest && isFresh && decided.isEmpty
      var wanted: [Int32: Int64] = [:]
      for partition in missing where decided[partition] == nil {
        let marks = try await consumer.watermarks(partition, until: .after(.seconds(25)))
        wanted[partition] = skipsToEnd ? marks.high : marks.low
      }
      return try await registry.decideStreamStarts(pipeline: pipelineID, stream: stream, wanted)
    }
    state.enter(stream: stream, starts: starts.filter { missing.contains($0.key) })
  }
}

extension TrainingState {
  /// Partitions begin where `starts` says: new ones, and known ones in another topic of the same name.
  package mutating func enter(stream: Int, starts: [Int32: Int64]) {
    for (partition, start) in starts.sorted(by: { $0.key < $1.key }) {
      if partition < Int32(progress.count) {
        progress[Int(partition)].enter(stream: stream, at: start)
      } else if partition == Int32(progress.count) {
        progress.append(PartitionProgress(partition: partition, startOffset: start, stream: stream))
      }
    }
  }
}
