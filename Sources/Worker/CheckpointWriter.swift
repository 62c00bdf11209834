import Confinement
import Cryptography
import Foundation
import Health
import Ingest
import Kafka
import Learning
import Pipelines
import Registry
import Synchronization
import Telemetry
import Vocabulary

/// Writes snapshots in the background; when the database is slow or away the newest wins, and nothing of the ledger is lost.
///
/// Offsets become durable with the state they belong to: dead letters first, then the checkpoint's one transaction, then
/// the consumer group's offsets for lag tools.
actor CheckpointWriter {
  private let registry: Registry
  private let pipelineID: Int64
  private let run: RunID
  private let spec: LearnerSpec
  /// What is learned: every checkpoint carries it, with the classes that were found until then.
  private var contract: DataContract
  private let lineage: Int
  private let consumer: KafkaConsumer
  private let deadLetters: DeadLetters
  private let watch: StreamWatch
  private let failReading: @Sendable (StreamError) -> Void
  private let fields: [DeclaredField]
  private let troubles: TroubleBook
  private let metrics: WorkerMetrics
  private let logger: Logger
  private var waiting: Snapshot?
  private var parent: Int64?
  /// The step of the newest checkpoint that is in the tables, −1: none; and the records that it covers.
  private let durable = Mutex<(step: Int64, records: Int64)>((-1, 0))
  /// Snapshots on their way into this actor.
  private let arriving = Mutex(0)
  /// The last failure, since when writing has failed; nil: it works.
  private var failing: (since: ContinuousClock.Instant, error: any Error)?
  private var task: Task<Void, Never>?
  /// What was not written because its generation was over; the next generation's first checkpoint covers it.
  private var refused: Snapshot?
  /// When a model was probed last; nil: never.
  private var probedAt: ContinuousClock.Instant?

  /// How long one attempt may take before it is tried again.
  private static let attempt = Duration.seconds(30)
  /// Models are probed no more often than this: with a checkpoint a second it would be felt.
  private static let probeEvery = Duration.seconds(10)

  /// - Parameters:
  ///   - spec: Of the learner whose snapshots come.
  ///   - fields: As the account of the training state numbers them.
  ///   - failReading: Called when a checkpoint was not written because its records are another topic's.
  init(
    registry: Registry, pipelineID: Int64, run: RunID, spec: LearnerSpec, contract: DataContract, lineage: Int,
    consumer: KafkaConsumer,
    deadLetters: DeadLetters, watch: StreamWatch, fields: [DeclaredField], troubles: TroubleBook,
    metrics: WorkerMetrics, logger: Logger,
    failReading: @escaping @Sendable (StreamError) -> Void
  ) {
    self.registry = registry
    self.pipelineID = pipelineID
    self.run = run
    self.spec = spec
    self.contract = contract
    self.lineage = lineage
    self.consumer = consumer
    self.deadLetters = deadLetters
    self.watch = watch
    self.failReading = failReading
    self.fields = fields
    self.troubles = troubles
    self.metrics = metrics
    self.logger = logger
  }

  /// The step of the newest checkpoint that is in the tables; −1: none. Any thread.
  nonisolated var durableStep: Int64 { durable.withLock { $0.step } }
  /// The records that it covers. Any thread.
  nonisolated var durableRecords: Int64 { durable.withLock { $0.records } }

  /// A new generation begins.
  ///
  /// - Parameters:
  ///   - parent: The checkpoint that the next one follows, of `step` and covering `records`, with its time.
  ///   - goesOnFromMemory: Its state includes what an older generation was refused to write.
  func begin(parent: Int64?, step: Int64, records: Int64, writtenAt: Date?, goesOnFromMemory: Bool) {
    self.parent = parent
    metrics.checkpointTime.set(writtenAt?.timeIntervalSince1970 ?? 0)
    durable.withLock { $0 = (step, records) }
    if !goesOnFromMemory { refused = nil }
  }

  /// Never waits for the database.
  nonisolated func submit(_ snapshot: Snapshot) {
    arriving.withLock { $0 += 1 }
    Task { await enqueue(snapshot) }
  }

  private func enqueue(_ snapshot: Snapshot) {
    defer { arriving.withLock { $0 -= 1 } }
    var snapshot = snapshot
    // Tasks may arrive out of order; a snapshot older than the one that waits gives it what it alone holds.
    if var newer = waiting, newer.state.step > snapshot.state.step {
      newer.absorb(unwritten: snapshot)
      waiting = newer
      return
    }
    if let older = waiting { snapshot.absorb(unwritten: older) }
    if let older = refused, older.generation < snapshot.generation {
      snapshot.absorb(unwritten: older)
      refused = nil
    }
    waiting = snapshot
    if task == nil {
      task = Task {
        while let next = self.takeWaiting() { await self.writeUntilDone(next) }
      }
    }
  }

  private func takeWaiting() -> Snapshot? {
    defer { waiting = nil }
    if waiting == nil { task = nil }
    return waiting
  }

  /// Waits until everything submitted is written.
  ///
  /// - Parameters:
  ///   - deadline: For writing that goes on.
  ///   - patience: For writing that fails: a database that is away may not come back.
  ///   - generation: Of the caller.
  /// - Returns: Why it could not be written; nil: it is.
  func drain(until deadline: Deadline, patience: Duration, in generation: Generation) async -> String? {
    let start = ContinuousClock.now
    while arriving.withLock({ $0 }) > 0 || task != nil {
      if let failing, max(start, failing.since).duration(to: .now) >= patience {
        return Trouble(failing.error).sentence
      }
      if deadline.hasPassed { return "it took too long" }
      try? await Task.sleep(for: .milliseconds(10))
    }
    return refused?.generation == generation ? "a newer generation has taken over, and goes on without them" : nil
  }

  /// Says that the lineage ended with the newest checkpoint, where nothing was left for one of its own.
  ///
  /// - Parameter generation: Of the caller: it has no say in what a newer one does.
  func markFinal(in generation: Generation) async {
    guard let parent else { return }
    do { try await registry.within(.seconds(2)).markFinal(checkpoint: parent, generation: generation) } catch {
      logger.warning(
        "the last checkpoint holds everything, and could not be marked as the final one",
        [.checkpoint: LogValue(parent), .error: LogValue(describing: error)])
    }
  }

  private func writeUntilDone(_ snapshot: Snapshot) async {
    var pause = Duration.milliseconds(100)
    var snapshot = snapshot
    while !Task.isCancelled {
      do {
        try await write(snapshot)
        failing = nil
        await troubles.clear(.checkpoints)
        return
      } catch let error as RegistryError where error.code == .fenced {
        refused = snapshot
        logger.warning(
          "a newer generation has taken over, so this checkpoint is left to it",
          [.step: LogValue(snapshot.state.step)])
        return
      } catch let error as StreamError {
        logger.warning(
          "the stream is another one, so what was learned since the checkpoint before is not kept",
          [.step: LogValue(snapshot.state.step)])
        failReading(error)
        return
      } catch {
        failing = (failing?.since ?? .now, error)
        metrics.checkpointFailures.increment()
        await troubles.note(.checkpoints, error)
        try? await Task.sleep(for: pause)
        pause = min(pause * 2, .seconds(5))
        if var newer = waiting {
          newer.absorb(unwritten: snapshot)
          snapshot = newer
          waiting = nil
        }
      }
    }
  }

  private func spec(knowing classes: [String]) -> LearnerSpec {
    var spec = spec
    if contract.schema.label.findsClasses { spec.heads[0].known = classes.count }
    return spec
  }

  private func contract(with classes: [String]) -> String {
    if contract.schema.label.findsClasses { contract.schema.label.classes = classes }
    return contract.text
  }

  /// Once it is written: the model may be changed then.
  private func probe(_ model: FrozenModel, _ snapshot: Snapshot) {
    guard let rows = snapshot.rows, probedAt.map({ $0 + Self.probeEvery < .now }) ?? true else { return }
    probedAt = .now
    do {
      metrics.note(try AnswerProbe(model, memory: snapshot.memory, rows.batch))
    } catch {
      logger.warning(
        "how much answers hang on little could not be looked at",
        [.step: LogValue(snapshot.state.step), .error: LogValue(describing: error)])
    }
  }

  private func write(_ snapshot: Snapshot) async throws {
    let start = ContinuousClock.now
    try await watch.vouch()
    try await deadLetters.deliver(until: .after(Self.attempt))
    let state = snapshot.state
    let model = try FrozenModel(spec: spec(knowing: state.classes), state: snapshot.learner)
    // A snapshot taken while the one before was still on its way repeats that one's part of the ledger.
    let ledgerFrom = max(durableStep + 1, state.ledgerSince ?? state.step + 1)
    var checkpoint = state.checkpoint(fields)
    checkpoint.seconds = snapshot.seconds
    checkpoint.costs = snapshot.costs
    checkpoint.isFinal = snapshot.isFinal
    checkpoint.parametersDigest = SHA256.digest(of: model.canonicalBytes).hexadecimal
    checkpoint.nonFiniteParameter = model.firstNonFiniteParameter()
    checkpoint.fields = checkpoint.fields?.with(model.valueRows, model.numberScales)
    var draft = CheckpointDraft(
      pipeline: pipelineID, generation: snapshot.generation, parent: parent, checkpoint, state: snapshot.learner,
      health: snapshot.health,
      ledger: snapshot.ledger.filter { $0.step >= ledgerFrom }.map {
        StepRange($0, stream: state.progress[Int($0.share.partition)].stream)
      }, contract: contract(with: state.classes), lineage: lineage, run: run)
    draft.ledgerFrom = ledgerFrom
    draft.decisions = state.decisions.filter { $0.step >= ledgerFrom }
    draft.memory = snapshot.memory
    draft.sample = snapshot.sample
    let id = try await registry.saveCheckpoint(draft)
    parent = id
    durable.withLock { $0 = (state.step, state.consumed) }
    let duration = ContinuousClock.now - start
    metrics.noteCheckpoint(bytes: snapshot.learner.count, duration: duration)
    logger.debug(
      "checkpoint written",
      [
        .checkpoint: LogValue(id), .step: LogValue(state.step), .bytes: LogValue(snapshot.learner.count),
        .duration: LogValue(duration.milliseconds()),
      ])
    probe(model, snapshot)
    // While it works, a worker's heartbeat tells the group; the last word is the last checkpoint's.
    guard snapshot.isFinal else { return }
    try? await consumer.commit(
      Dictionary(uniqueKeysWithValues: state.progress.map { ($0.partition, $0.nextOffset) }))
  }
}
