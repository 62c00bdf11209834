import Collectives
import Confinement
import Learning
import Registry
import Telemetry
import Vocabulary

extension TrainingThread {
  /// What a rank knows before the first step of a generation.
  private struct Standing {
    /// The step of the state in this rank's memory; −1: none.
    var held: Int64 = -1
    /// The step of the newest checkpoint; −1: none. Only the leader looks.
    var saved: Int64 = -1
  }

  /// Makes every rank hold the newest state there is: from a member's memory, else from the newest checkpoint, else new.
  ///
  /// - Throws: `CollectiveError` when a peer is lost; `LearningError` when the saved state is of another model.
  func agreeOnState(_ collective: any Collective) throws -> TrainingState {
    let isLeader = collective.rank == Rank(0)
    let newest = isLeader ? try newestCheckpoint() : nil
    let standings = try exchange(
      Standing(held: state?.step ?? -1, saved: newest?.step ?? -1), over: collective)
    let saved = standings[0].saved
    savedStep = saved
    let held = standings.map(\.held).max() ?? -1
    let isInMemory = held >= 0 && held >= saved
    let source = isInMemory ? Rank(standings.firstIndex { $0.held == held } ?? 0) : Rank(0)
    if isLeader {
      let checkpoints = resources.checkpoints
      let parent = newest?.id
      try blockingAwait(until: .after(.seconds(10))) {
        await checkpoints.begin(parent: parent, step: saved, goesOnFromMemory: isInMemory)
      }
    }
    if collective.rank == source, !isInMemory {
      state = try newest.map { try restore($0) } ?? newState()
    }
    if isInMemory, standings.allSatisfy({ $0.held == held }), let state { return state }
    var bytes: [UInt8] = []
    if collective.rank == source, let state { bytes = try state.handOver(learner: learner.encodeState()) }
    bytes = try collective.broadcast(from: source, bytes, deadline: .after(.seconds(60)))
    let received = try TrainingState.receive(bytes)
    if collective.rank != source { try learner.restoreState(received.learner) }
    return received.state
  }

  private func exchange(_ standing: Standing, over collective: any Collective) throws -> [Standing] {
    var bytes: [UInt8] = []
    bytes.append(raw: standing.held)
    bytes.append(raw: standing.saved)
    return try bytes.withUnsafeBytes { attachment in
      try collective.exchange(
        dense: UnsafeMutableBufferPointer(start: nil, count: 0), attachment: attachment,
        deadline: .after(.seconds(30))
      ) { attachments in
        try attachments.map { bytes in
          var reader = ByteReader(bytes)
          return Standing(held: try reader.read(), saved: try reader.read())
        }
      }
    }
  }

  private func newestCheckpoint() throws -> CheckpointRecord? {
    let (registry, pipelineID) = (resources.registry, resources.pipelineID)
    return try blockingAwait(until: .after(.seconds(20))) {
      try await registry.newestCheckpoint(pipeline: pipelineID)
    }
  }

  private func restore(_ checkpoint: CheckpointRecord) throws -> TrainingState {
    let registry = resources.registry
    let bytes = try blockingAwait(until: .after(.seconds(60))) { try await registry.state(of: checkpoint.id) }
    try learner.restoreState(bytes)
    var state = TrainingState(task: task, progress: checkpoint.progress.sorted { $0.partition < $1.partition })
    state.step = checkpoint.step
    for reason in RejectReason.allCases { state.rejected[reason.index] = checkpoint.rejected[reason] ?? 0 }
    state.metrics = checkpoint.metrics
    if let comparison = checkpoint.comparison, let version = checkpoint.comparedWith {
      state.comparison = comparison
      state.comparedWith = version
    }
    try state.addPartitions(upTo: resources.partitionCount, starts: { try self.startOffset(of: $0) })
    resources.logger.notice(
      "resuming from a checkpoint", [.checkpoint: LogValue(checkpoint.id), .step: LogValue(checkpoint.step)])
    return state
  }

  private func newState() throws -> TrainingState {
    var state = TrainingState(task: task, progress: [])
    try state.addPartitions(upTo: resources.partitionCount, starts: { try self.startOffset(of: $0) })
    return state
  }

  private func startOffset(of partition: Int32) throws -> Int64 {
    let (consumer, start) = (resources.consumer, resources.pipeline.source.start)
    return try blockingAwait(until: .after(.seconds(30))) {
      let marks = try await consumer.watermarks(partition, until: .after(.seconds(25)))
      return start == .earliest ? marks.low : marks.high
    }
  }
}

extension TrainingState {
  /// Partitions that the topic has and the lineage has not seen yet begin where `starts` says.
  mutating func addPartitions(upTo count: Int, starts: (Int32) throws -> Int64) throws {
    for partition in Int32(progress.count)..<Int32(max(count, progress.count)) {
      progress.append(PartitionProgress(partition: partition, startOffset: try starts(partition)))
    }
  }
}
