import Collectives
import Confinement
import Evaluation
import Health
import Ingest
package import Learning
package import Pipelines
package import Registry
import Synchronization
import Tensors
package import Vocabulary

/// Makes a lineage's steps again, in one process, for as long as it takes: the same loop that workers run, of one rank, over records
/// that are read from the log again in the steps that they were learned in, or dealt anew.
///
/// All that a step decides is decided again: which records are taken out of it, whether it is skipped, what a schedule that looks at
/// losses makes of it, which classes are found. Only what came from outside is taken from the ledger: what a rule of health had the
/// learning rate multiplied by. What was told to people or to topics the first time is not told again.
///
/// Everything on one thread of its own, with `prepareArithmeticThread`; the feed runs beside it.
package final class StepReplay {
  /// Why steps cannot be made again.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
    package init(description: String) { self.description = description }
  }

  /// What a replay begins with: a checkpoint, as a rule.
  package struct Origin: Sendable {
    /// As the steps were learned.
    package var pipeline: Pipeline
    package var partitionCount: Int
    package var state: TrainingState
    package var learner: [UInt8]
    package var memory: [UInt8]?

    package init(
      pipeline: Pipeline, partitionCount: Int, state: TrainingState, learner: [UInt8], memory: [UInt8]?
    ) {
      (self.pipeline, self.partitionCount, self.state) = (pipeline, partitionCount, state)
      (self.learner, self.memory) = (learner, memory)
    }
  }

  /// Which steps are made.
  package enum Course: Sendable {
    /// Those of the ledger: each takes from its partitions what it took, without what is left out.
    case recorded(any ReplayLedger)
    /// Reproducible mode: as many as the stream has whole ones for up to `ends`, dealt as if it lacked what is left out. Where it
    /// `isDrained`, the last ones take what is there, as they did when the run ended with the stream.
    case dealt(isDrained: Bool)
  }

  package private(set) var origin: Origin
  package let learner: any Model
  package private(set) var state: TrainingState
  /// How near what was made again is to what was decided, of steps of which that is known and nothing was left out so far.
  package internal(set) var agreement = Agreement()
  /// All that a checkpoint of the end says of the window, the ledger of it included.
  package private(set) var window: Snapshot?
  /// Of what is left out, what the steps were made without the first time already.
  package var known = LeftOut.nothing
  /// Told of each window as it ends.
  package var watch: (Snapshot) -> Void = { _ in }
  /// Called between two steps.
  package var afterStep: (StepReplay) throws -> Void = { _ in }
  /// What was decided of a step, for `agreement` and its rate; nil: it is not known.
  package var decided: (Int64) throws -> StepDecision? = { _ in nil }
  private let book: ClassBook?
  private let sampler: RowSampler
  private var batch: FeatureBatch?
  private let stepRows: Int
  private var spool: (ledger: [LedgerEntry], decisions: [StepDecision]) = ([], [])
  /// Rows of the ledger that are held until all is written, at most: about 1 GB.
  package static let rowsMax: Int64 = 8_000_000

  /// - Parameters:
  ///   - rowsMax: Rows of the largest step that the ledger has; what the pipeline deals has room anyway.
  ///   - book: Where the feed tells of classes; nil: they are listed.
  /// - Throws: `LearningError` where the state is none of the pipeline's model.
  package init(_ origin: Origin, rowsMax: Int = 1, book: ClassBook? = nil, further: [any EncoderPlan] = []) throws {
    self.origin = origin
    self.book = book
    self.stepRows = max(rowsMax, origin.pipeline.deal(partitions: origin.partitionCount).stepMax)
    self.origin.pipeline.training.ledger = true
    self.origin.pipeline.checkpoint.every = .seconds(1 << 40)
    let spec = LearnerSpec(origin.pipeline)
    learner =
      further.isEmpty
      ? spec.makeModel(batchCapacity: self.stepRows)
      : Learner(spec: spec, batchCapacity: self.stepRows, further: further)
    sampler = RowSampler(origin.pipeline, outputCount: learner.outputCount)
    state = origin.state
    // What led here is the ledger's already.
    state.keep(nil, of: state.step)
    try learner.restoreState(origin.learner)
    try learner.restoreMemory(origin.memory)
    state.alignHeads(origin.pipeline.heads.dropFirst().map(\.name))
    if origin.pipeline.schema.label.findsClasses { learner.know(classes: state.classes.count) }
  }

  /// The book that a feed of this pipeline's records and the replay share; nil: there are no classes to find.
  package static func book(_ pipeline: Pipeline, classes: [String]) -> ClassBook? {
    pipeline.schema.label.findsClasses
      ? ClassBook(classes: classes, handsOthersOver: pipeline.training.reproducible) : nil
  }

  /// Goes on from another state of the same lineage, as it was between two steps.
  package func restore(_ place: Place) throws {
    try learner.restoreState(place.learner)
    try learner.restoreMemory(place.memory)
    state = place.state
    (window, spool) = (nil, ([], []))
    _ = learner.takeHealth()
  }

  /// The lineage went on elsewhere in the stream: what lies between is passed over.
  package func jump(to places: [PartitionProgress]) {
    for place in places where state.progress.indices.contains(Int(place.partition)) {
      let between = place.nextOffset - state.progress[Int(place.partition)].nextOffset
      guard between > 0 else { continue }
      state.progress[Int(place.partition)].skipped += between
      state.progress[Int(place.partition)].nextOffset = place.nextOffset
    }
  }

  /// All that the next step depends on.
  package struct Place: Sendable {
    package internal(set) var state: TrainingState
    package let learner: [UInt8]
    package let memory: [UInt8]?
    package var step: Int64 { state.step }
  }

  package var place: Place {
    Place(state: state, learner: learner.encodeState(), memory: learner.encodeMemory())
  }

  /// Makes steps until the course is over.
  ///
  /// - Parameters:
  ///   - ends: By partition: records from there on are not read.
  ///   - stillness: So long nothing may come.
  /// - Throws: `Failure`; what the feed, `decided` and `afterStep` throw.
  package func run(
    _ course: Course, feed: any ReplayFeed, ends: [Int64], leavingOut rule: LeftOut = .nothing,
    until deadline: Deadline, stillness: Duration = .seconds(60)
  ) throws {
    precondition(ends.count == origin.partitionCount, "\(ends.count) ends of \(origin.partitionCount) partitions")
    let pipeline = origin.pipeline
    let board = ControlBoard()
    board.wish { $0.stopsAtEnd = true }
    var script: StepScript?
    var (ledger, leavesRest): ((any ReplayLedger)?, Bool) = (nil, false)
    switch course {
    case .recorded(let steps): (script, ledger) = (StepScript(), steps)
    case .dealt(let isDrained): leavesRest = !isDrained
    }
    let buffers = makeBuffers(board)
    let intakes = buffers.map { ReplayIntake($0, end: ends[Int($0.partition)], rule) }
    let loop = makeLoop(pipeline, board, buffers, script: script, leavesRest: leavesRest)
    // Of each partition the first: what is known to hold up to there.
    let known = known
    // A stretch may begin with what was left out before: records beside each other are one.
    let fresh = rule.all.map { stretch in
      OffsetStretch(
        partition: stretch.partition, from: known.first(from: stretch.from, of: stretch.partition), next: stretch.next)
    }
    let firsts = Dictionary(grouping: fresh.filter { $0.count > 0 }, by: \.partition).compactMap(\.value.first)
    let starts = Dictionary(uniqueKeysWithValues: state.progress.map { ($0.partition, $0.nextOffset) })
    try blockingAwait(until: deadline) {
      try await feed.begin(
        starts, upTo: Dictionary(uniqueKeysWithValues: intakes.map { ($0.partition, $0.end) }), until: deadline)
    }
    let feeding = Feeding(feed, intakes, script, ledger, board, deadline, stillness)
    let task = Task { await feeding.run() }
    defer { task.cancel() }
    loop.replaying = StepLoop.Replaying { [decided] step in
      try decided(step)?.rateScale
    } after: { [unowned self, unowned loop] in
      state = loop.state
      // Learning has its own deadline: a step loop looks at none.
      if deadline.hasPassed { throw Failure(description: "there was no time to go on after step \(state.step)") }
      guard spool.ledger.count <= Self.rowsMax else {
        throw Failure(
          description:
            "\(Self.rowsMax) rows of the ledger were made again by step \(state.step), and more are not held at once")
      }
      try note(firsts)
      try afterStep(self)
    }
    defer { state = loop.state }
    let end = try loop.run()
    feeding.stop()
    try blockingAwait(until: .after(.seconds(30))) { await task.value }
    if let failure = feeding.failure { throw failure }
    if case .halted(let reason) = end { throw Failure(description: reason) }
  }

  // MARK: What it is made of

  private func makeBuffers(_ board: ControlBoard) -> [PartitionBuffer] {
    let (pipeline, shape) = (origin.pipeline, learner.batchShape)
    let deal = pipeline.deal(partitions: origin.partitionCount)
    return (0..<Int32(origin.partitionCount)).map { partition in
      PartitionBuffer(
        partition: partition, capacity: max(ModelSize.waitingMax, 2 * stepRows), numberCount: shape.numbers,
        categoryCount: shape.categoryColumns, labelCount: shape.labels,
        fieldCount: DeclaredField.all(pipeline.schema, heads: pipeline.heads).count,
        weighsRecords: pipeline.schema.weight != nil, weighted: pipeline.schema.sparseFeatures.map(\.pairsMax),
        stepRecords: max(deal.shareMax, stepRows), nextOffset: state.progress[Int(partition)].nextOffset
      ) { board.wakeUp.raise() }
    }
  }

  private func makeLoop(
    _ pipeline: Pipeline, _ board: ControlBoard, _ buffers: [PartitionBuffer], script: StepScript?, leavesRest: Bool
  ) -> StepLoop {
    let (task, deal) = (EvaluationTask(pipeline), pipeline.deal(partitions: origin.partitionCount))
    let label = pipeline.schema.label
    let classes = book.map { FoundClasses(label, names: state.classes, book: $0) }
    let batch =
      batch ?? learner.batchShape.makeBatch(capacity: stepRows, weighsRecords: pipeline.schema.weight != nil)
    self.batch = batch
    let gear = StepLoop.Gear(
      learner: learner,
      shares: StepShares(
        buffers: buffers, batch: batch, deal: deal, classes: classes, script: script, leavesRest: leavesRest),
      account: StepAccount(
        rowsMax: stepRows, outputCount: learner.outputCount,
        fieldCount: DeclaredField.all(pipeline.schema, heads: pipeline.heads).count, task: task),
      frozen: FrozenPredictions(
        source: FrozenVersions(), task: task, batchCapacity: batch.capacity, classes: classes, memory: learner.memory),
      quarantine: Quarantine(topic: pipeline.source.topic),
      sum: GroupSum(
        isReproducible: pipeline.training.reproducible, worldSize: 1, partitionCount: origin.partitionCount),
      sampler: sampler)
    return StepLoop(
      pipeline: pipeline, collective: SoloCollective(generation: Generation(1)), gear: gear, board: board, state: state,
      saving: StepLoop.Saving(
        savedStep: state.step, durableStep: { [unowned self] in window?.state.step ?? -1 },
        submit: { [unowned self] in take($0) }))
  }

  /// One window after the other becomes one.
  private func take(_ snapshot: Snapshot) {
    watch(snapshot)
    let known = window?.state.step ?? -1
    spool.ledger += snapshot.ledger.filter { $0.step > known }
    spool.decisions += snapshot.state.decisions.filter { $0.step > known }
    var newest = snapshot
    (newest.ledger, newest.state.ledger) = ([], [])
    if let window { newest.absorb(unwritten: window) }
    window = newest
  }

  /// What the whole replay took and decided, step by step.
  package var recorded: (ledger: [LedgerEntry], decisions: [StepDecision]) { spool }
}
