import Collectives
import Confinement
import Evaluation
import Foundation
import Ingest
import Kafka
import Learning
import Membership
import Pipelines
import Registry
import Telemetry
import Tensors
import Vocabulary

/// Everything the step thread works with; made once a process.
struct WorkerResources: Sendable {
  let pipeline: Pipeline
  let pipelineID: Int64
  /// Which of the pipeline's runs it works for.
  let run: RunID
  let memberID: String
  let registry: Registry
  let consumer: KafkaConsumer
  let partitionCount: Int
  let kafka: KafkaConfiguration
  let deadLetters: DeadLetters
  /// Which topic of its name is learned, as in `PartitionProgress`.
  let stream: Int
  /// Which model of the pipeline is learned.
  let lineage: Int
  /// `DataContract.text` of the pipeline.
  let contract: String
  /// The digest of `Pipeline.workText`.
  let work: String
  /// The YAML text that the pipeline was read from; nil: whatever is registered.
  let specification: String?
  let skipsLost: Bool
  /// Of the stream, by who began the lineage.
  let leftOut: LeftOut
  /// By partition the offset behind the last record that is wanted; others end with the log.
  let ends: [Int32: Int64]
  let news: StreamNews
  let watch: StreamWatch
  let checkpoints: CheckpointWriter
  let board: ControlBoard
  let frozen: FrozenVersions
  let quarantine: Quarantine
  let fields: [DeclaredField]
  let examples: FieldExamples
  let troubles: TroubleBook
  let metrics: WorkerMetrics
  /// Where the process answers Prometheus, as `host:port`; nil: nowhere.
  let metricsAddress: String?
  /// How long the end waits for a database that does not take the final checkpoint.
  let finalPatience: Duration
  /// How long a worker waits while nobody runs what is registered.
  let contractPatience: Duration
  let logger: Logger
}

extension WorkerResources {
  /// How long the step thread may take to learn what was read before the reading failed.
  private static let drainPatience = Duration.seconds(10)

  /// Reads until cancelled, or until records can no longer be read: then the group's work ends.
  ///
  /// - Parameters:
  ///   - assignment: Of the consumer, for these buffers.
  ///   - book: Takes the names of classes that are found.
  ///   - slices: Takes the names of values that are slices.
  func read(into buffers: [PartitionBuffer], assignment: Int, book: ClassBook?, slices: SliceBook?) async {
    let pump = RecordPump(
      consumer: consumer, deadLetters: deadLetters, topic: pipeline.source.topic, skipsLost: skipsLost, news: news,
      fields: fields, examples: examples, label: pipeline.schema.label, book: book, slices: slices, leftOut: leftOut,
      ends: ends)
    // As long as there is room for classes, whatever waits to be learned finds its name here.
    let deal = pipeline.deal(partitions: partitionCount)
    let waiting = buffers.reduce(0) { $0 + $1.capacity + deal.takeMax }
    do {
      try await withTaskCancellationHandler {
        let decoder = RecordDecoder(
          schema: pipeline.schema, heads: pipeline.heads, recordBytesMax: pipeline.source.recordBytesMax,
          strangers: pipeline.schema.label.classesMax + waiting)
        try await pump.run(buffers: buffers, decoder: decoder, assignment: assignment)
      } onCancel: {
        consumer.wake()
      }
    } catch {
      guard !(error is CancellationError) else { return }
      await drain(buffers, after: error)
      // The next generation's reading finds it again, if it is still so.
      guard !Task.isCancelled else { return }
      board.failReading(error, logger: logger)
    }
  }

  /// Lets what was read before be learned: the broker may not give it a second time. Not where it may be another topic's.
  private func drain(_ buffers: [PartitionBuffer], after error: any Error) async {
    if case StreamError.madeAnew = error { return }
    let deadline = Deadline.after(Self.drainPatience)
    while buffers.contains(where: \.hasRecords), !deadline.hasPassed, !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(5))
    }
  }
}

/// The life of a worker's one step thread: join, form a generation, agree on the state, learn, and again until the end.
///
/// The learner never leaves this thread, so a lost peer costs no state: survivors go on from memory (design D5).
final class TrainingThread {
  let resources: WorkerResources
  private let listener: CollectiveListener
  let task: EvaluationTask
  let learner: any Model
  /// Of what was learned since it was gathered, in whatever generation.
  private let sampler: RowSampler
  /// Steps were made with the learner, whatever became of them.
  private(set) var hasLearned = false
  var state: TrainingState?
  /// The newest checkpoint's step when the generation began; −1: none.
  var savedStep: Int64 = -1
  private var lastGeneration: Generation?
  var damages = DamageLog()
  /// Whose states differed, until it is known who was right.
  var suspects: (Suspicion, members: [MemberFacts])?
  /// The topic was found to be the one that was learned from; the watch goes on looking.
  private var isVerified = false

  /// How long the first that waits waits for the others.
  private static let grace = Duration.seconds(5)

  init(resources: WorkerResources, listenAddress: String) throws {
    self.resources = resources
    listener = try CollectiveListener(address: listenAddress)
    let pipeline = resources.pipeline
    task = EvaluationTask(pipeline)
    learner = LearnerSpec(pipeline).makeModel(
      batchCapacity: pipeline.deal(partitions: resources.partitionCount).stepMax)
    sampler = RowSampler(pipeline, outputCount: learner.outputCount)
  }

  /// Blocks until the lineage ends for this worker.
  func run() throws -> WorkerOutcome {
    prepareArithmeticThread()
    while true {
      guard let generation = try formGeneration() else { return .stopped }
      lastGeneration = generation.generation
      do {
        let end = try train(in: generation)
        switch end {
        case .finished: return .finished
        case .stopped: return .stopped
        case .halted(let reason): return .halted(reason)
        case .regroup:
          resources.metrics.countRegroup(.asked)
          resources.logger.notice(
            "regrouping for members that wait", [.generation: LogValue(generation.generation.rawValue)])
        }
      } catch is GenerationFenced {
        // Others went on without this member: what it holds is not theirs.
        state = nil
        resources.metrics.countRegroup(.fenced)
        resources.logger.warning(
          "a newer generation has taken over; joining it", [.generation: LogValue(generation.generation.rawValue)])
      } catch let error as CollectiveError {
        resources.metrics.countRegroup(.peerLost)
        resources.board.report { $0.phase = "regrouping" }
        resources.logger.warning(
          "the generation has ended; going on from memory with whoever is there",
          [.generation: LogValue(generation.generation.rawValue), .error: LogValue(describing: error)])
        if error.code == .tampered { tell(.exchange, Trouble("exchange_tampered", error.description)) }
      } catch let error as ReplicaDivergence {
        resources.metrics.countRegroup(.diverged)
        settle(error, in: generation)
      } catch let error where Self.mayPass(error) {
        resources.metrics.countRegroup(.unavailable)
        // What is in memory is worth more than a new process: it is kept until there is a database or a broker again.
        resources.board.report { $0.phase = "regrouping" }
        resources.logger.warning(
          "a generation could not begin, trying again",
          [.generation: LogValue(generation.generation.rawValue), .error: LogValue(Trouble(error).sentence)])
      }
      resources.board.wish { $0.regroup = false }
    }
  }

  /// Nothing of it was applied, but somebody on the network does what nobody should: a person has to look. Until then the
  /// group forms anew once a second at most.
  func tell(_ duty: TroubleBook.Duty, _ trouble: Trouble) {
    let troubles = resources.troubles
    try? blockingAwait(until: .after(.seconds(3))) {
      await troubles.tell(duty, trouble)
      try? await Task.sleep(for: .seconds(1))
    }
  }

  private static func mayPass(_ error: any Error) -> Bool {
    switch error {
    case let error as RegistryError: error.isRetryable || error.isLockedOut
    case let error as KafkaError: error.isRetryable
    default: error is AwaitTimedOut
    }
  }

  /// Joins and waits until a generation contains this member; nil when asked to stop meanwhile.
  ///
  /// A member that is asked to stop and holds what no checkpoint has forms a last generation with whoever is there, to
  /// write it down.
  ///
  /// - Throws: `WorkerError.unsaved` when the database does not let it.
  private func formGeneration() throws -> GenerationRecord? {
    let (registry, board) = (resources.registry, resources.board)
    let (pipelineID, run) = (resources.pipelineID, resources.run)
    let facts = MemberFacts(
      id: resources.memberID, address: listener.address, heldStep: state?.step, joinedAt: .now, lastSeen: .now,
      work: resources.work)
    board.report { $0.phase = "joining" }
    let (last, lineage) = (lastGeneration, resources.lineage)
    let (held, checkpoints, patience) = (state, resources.checkpoints, resources.finalPatience)
    return try blockingAwait(until: .after(.seconds(24 * 3600))) {
      var stopping: Deadline?
      while true {
        if board.currentWishes.stop, stopping == nil { stopping = .after(patience) }
        do {
          // First, so that a stop that comes while a generation forms finds this member in its place.
          if let formed = try await registry.generation(
            pipeline: pipelineID, run: run, containing: facts.id, after: last)
          {
            try await registry.arrive(pipeline: pipelineID, member: facts.id)
            return formed
          }
          if let stopping {
            guard let held, !(board.currentWishes.isReplaced && stopping.hasPassed) else { return nil }
            let saved =
              try await registry.within(.seconds(3)).newestCheckpoint(pipeline: pipelineID, run: run)?.step ?? -1
            if saved >= held.step || held.consumed == 0 { return nil }
          }
          try await registry.join(pipeline: pipelineID, run: run, lineage: lineage, facts)
          let desired = try await registry.pipeline(pipelineID, run: run)?.desiredWorkers ?? 1
          _ = try await registry.formGeneration(
            pipeline: pipelineID, run: run, desired: desired, grace: stopping == nil ? Self.grace : .zero)
        } catch let error as RegistryError where error.isRetryable || error.isLockedOut {
          // The database is away: nothing can be agreed until it is back.
          if let stopping, held == nil || stopping.hasPassed {
            guard let held, held.consumed > checkpoints.durableRecords else { return nil }
            throw WorkerError.unsaved(
              records: held.consumed - checkpoints.durableRecords, step: checkpoints.durableStep,
              reason: Trouble(error).sentence)
          }
        }
        // Who waits for a contract need not hurry.
        try await Task.sleep(for: .milliseconds(board.currentFacts.awaits == nil ? 50 : 500))
      }
    }
  }

  private func train(in generation: GenerationRecord) throws -> GenerationEnd {
    let members = generation.members
    guard let place = members.firstIndex(where: { $0.id == resources.memberID }) else {
      preconditionFailure("generation \(generation.generation) does not contain this member")
    }
    let rank = Rank(place)
    let timeout = resources.pipeline.training.peerTimeout
    // What a rank hands over depends on how it is added up.
    let sum = GroupSum(
      isReproducible: resources.pipeline.training.reproducible, worldSize: members.count,
      partitionCount: resources.partitionCount)
    learner.summation = sum.summation(of: rank)
    var limits = CollectiveLimits()
    limits.attachmentBytesMax += learner.touchedBytesMax
    // Label, the frozen versions' losses, weight, loss and outputs of each row.
    limits.attachmentBytesMax +=
      resources.pipeline.deal(partitions: resources.partitionCount).stepMax
      * (16 + 4 * FrozenVersions.countMax + 4 * learner.outputCount)
    let collective = try listener.form(
      generation: generation.generation, rank: rank, members: members.map(\.address), secret: generation.secret,
      deadline: .after(timeout), limits: limits, encryption: LinkEncryption(resources.pipeline.group.encryption))
    defer { collective.close() }
    let agreed = try agreeOnState(collective)
    state = agreed
    let held = partitions(of: rank, worldSize: members.count, partitionCount: resources.partitionCount)
    let owned = held.map(Int32.init)
    resources.logger.notice(
      "generation formed",
      [
        .generation: LogValue(generation.generation.rawValue), .rank: LogValue(rank.rawValue),
        .worldSize: LogValue(members.count),
        .step: LogValue(agreed.step),
      ])
    resources.board.report { facts in
      facts.rank = rank
      facts.worldSize = members.count
      facts.generation = generation.generation
      facts.owned = owned
      facts.heldStep = agreed.step
      facts.step = agreed.step
      facts.progress = agreed.progress
      facts.lag = []
    }
    let (board, shape) = (resources.board, learner.batchShape)
    let deal = resources.pipeline.deal(partitions: resources.partitionCount)
    let buffers = owned.map { partition in
      PartitionBuffer(
        partition: partition, capacity: ModelSize.waitingMax, numberCount: shape.numbers,
        categoryCount: shape.categoryColumns, labelCount: shape.labels,
        fieldCount: resources.fields.count, weighsRecords: resources.pipeline.schema.weight != nil,
        weighted: resources.pipeline.schema.sparseFeatures.map(\.pairsMax),
        stepRecords: deal.shareMax,
        nextOffset: agreed.progress[Int(partition)].nextOffset
      ) { board.wakeUp.raise() }
    }
    // Where the topic is another one nothing is read: the group ends in agreement.
    let label = resources.pipeline.schema.label
    let book =
      label.findsClasses
      ? ClassBook(classes: agreed.classes, handsOthersOver: resources.pipeline.training.reproducible) : nil
    let classes = book.map { FoundClasses(label, names: agreed.classes, book: $0) }
    let columns = SliceColumns(resources.pipeline)
    let slices = columns.isEmpty ? nil : SliceBook(columns)
    let pump = try isStreamKnown(owned) ? startPump(buffers, book, slices) : nil
    defer { pump?.cancel() }
    return try learn(collective, from: agreed, buffers: buffers, classes, slices, sum)
  }

  private func learn(
    _ collective: any Collective, from agreed: TrainingState, buffers: [PartitionBuffer], _ classes: FoundClasses?,
    _ slices: SliceBook?, _ sum: GroupSum
  ) throws -> GenerationEnd {
    let pipeline = resources.pipeline
    let deal = pipeline.deal(partitions: resources.partitionCount)
    let batch = learner.batchShape.makeBatch(
      capacity: max(1, deal.rowsMax(ofPartitions: buffers.count)), weighsRecords: pipeline.schema.weight != nil)
    let checkpoints = resources.checkpoints
    let gear = StepLoop.Gear(
      learner: learner, shares: StepShares(buffers: buffers, batch: batch, deal: deal, classes: classes),
      account: account(deal),
      frozen: FrozenPredictions(
        source: resources.frozen, task: task, batchCapacity: batch.capacity, classes: classes, memory: learner.memory),
      quarantine: resources.quarantine, examples: resources.examples, sum: sum, meter: resources.metrics.steps,
      sampler: sampler, sliceBook: slices, tellDoubt: tellDoubt)
    let loop = StepLoop(
      pipeline: pipeline, collective: collective, gear: gear, board: resources.board, state: agreed,
      saving: StepLoop.Saving(savedStep: max(0, savedStep), durableStep: { checkpoints.durableStep }) {
        checkpoints.submit($0)
      })
    watchSuspects(in: loop)
    // The state of the last agreed step outlives the generation, however that ends.
    defer { state = loop.state }
    hasLearned = true
    let end = try loop.run()
    if end != .regroup {
      let (patience, number) = (resources.finalPatience, collective.generation)
      let obstacle = try blockingAwait(until: .after(.seconds(120))) {
        await checkpoints.drain(until: .after(.seconds(110)), patience: patience, in: number)
      }
      if let obstacle {
        throw WorkerError.unsaved(
          records: loop.state.consumed - checkpoints.durableRecords, step: checkpoints.durableStep, reason: obstacle)
      }
      if collective.rank == Rank(0), !loop.hasUnsavedProgress {
        try blockingAwait(until: .after(.seconds(10))) { await checkpoints.markFinal(in: number) }
      }
    }
    return end
  }

  private func startPump(
    _ buffers: [PartitionBuffer], _ book: ClassBook?, _ slices: SliceBook?
  ) throws -> Task<Void, Never> {
    let resources = resources
    let starts = Dictionary(
      uniqueKeysWithValues: buffers.map { ($0.partition, StartOffset.offset($0.nextOffset)) })
    let assignment = try blockingAwait(until: .after(.seconds(60))) { try await resources.consumer.assign(starts) }
    return Task {
      await resources.read(into: buffers, assignment: assignment, book: book, slices: slices)
    }
  }

  /// Whether the topic is the one that was learned from, looked at before a process reads its first record.
  private func isStreamKnown(_ owned: [Int32]) throws -> Bool {
    guard !isVerified else { return true }
    let resources = resources
    do {
      try blockingAwait(until: .after(.seconds(60))) {
        try await resources.watch.verify(owned, until: .after(.seconds(20)))
      }
    } catch let error as StreamError {
      resources.board.failReading(error, logger: resources.logger)
      return false
    }
    isVerified = true
    return true
  }
}
