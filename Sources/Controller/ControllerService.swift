import Confinement
import Evaluation
import Foundation
import Health
public import Pipelines
public import Registry
import Rollouts
import Synchronization
public import Telemetry
public import Vocabulary

/// Observes, judges and acts: turns checkpoints into versions under a lease, so that one controller decides at a time.
///
/// The decisions are `Rollout`'s, a pure function; this only gathers evidence, asks, and writes down what was decided.
public actor ControllerService {
  private let pipeline: Pipeline
  private let database: DatabaseLocation
  private let holder: String
  private let logger: Logger
  private var watch: HealthWatch?
  /// The look that goes on.
  private var healthLook: HealthLook?
  private var serving: ServingWatch?
  private var split: SplitWatch?
  private var hasClosedObjectives = false
  private var retrainTrigger: RetrainTrigger?
  private var hasClosedDrops = false
  /// Of the newest run beside that is over.
  private var recovery: (run: RunID, found: RetrainRecovery?)?
  /// What a person said, as it was seen last.
  private var freeze: Freeze?
  private let metrics: ControllerMetrics
  private let metricsAddress: HostPort?
  private nonisolated let didLook = Mutex(false)
  private nonisolated let isStopRequested = Mutex(false)
  /// Rung when there may be something to decide.
  private nonisolated let bell = Bell()

  private static let leaseTime = Duration.seconds(5)
  /// The registry says what happens; this is for what it does not say, and for what it could not.
  private static let interval = Duration.seconds(1)
  /// What may make a decision possible.
  private static let changes: Set<RegistryChange.Kind> = [.checkpoint, .version, .server]
  private static let lastPatience = Duration.seconds(3)
  /// What waits at the end is told within this time, or by the next controller.
  private static let alertPatience = Duration.seconds(8)
  /// What only those who watch it want to know is looked at less often.
  private static let pictureEvery = Duration.seconds(2)
  private static let pruneOldEvery = Duration.seconds(60)
  /// When runs beside that others have followed were pruned last; nil: not by this controller.
  private var prunedOld: ContinuousClock.Instant?
  /// Workers that were silent for so long are taken for gone.
  private static let silence = Duration.seconds(5)

  /// - Parameters:
  ///   - holder: Names this process in the lease.
  ///   - metrics: Where it counts and is asked.
  ///   - metricsAddress: Where whoever answers with them is reached: the registry is told.
  public init(
    pipeline: Pipeline, database: DatabaseLocation, holder: String, metrics: MetricsRegistry = MetricsRegistry(),
    metricsAddress: HostPort? = nil, logger: Logger
  ) {
    self.pipeline = pipeline
    self.database = database
    self.holder = holder
    self.logger = logger
    self.metrics = ControllerMetrics(metrics, pipeline: pipeline.name, policy: RolloutPolicy(pipeline.rollout))
    self.metricsAddress = metricsAddress
  }

  /// Whether its last look at the tables went well. Any thread.
  public nonisolated var isReady: Bool { didLook.withLock { $0 } }

  /// Asks for the end: what the tables hold by then is still judged once. Any thread.
  public nonisolated func requestStop() {
    isStopRequested.withLock { $0 = true }
    bell.ring()
  }

  private nonisolated var mustStop: Bool { isStopRequested.withLock { $0 } }

  /// Reconciles until asked to stop. If the database is away, decisions wait.
  public func run() async throws {
    var registry = try await Registry.open(
      at: database, applicationName: "retrain-controller", deadline: .after(.seconds(30)))
    guard let record = try await registry.pipeline(named: pipeline.name) else {
      await registry.close()
      throw ControllerError.unknownPipeline(pipeline.name)
    }
    let courier = try await AlertCourier.start(
      pipeline, pipelineID: record.id, database: database, own: registry, metrics: metrics, logger: logger)
    defer { courier?.requestStop() }
    let listening = Task { [registry, bell] in
      await registry.eachChange(of: record.id, among: Self.changes) { _ in bell.ring() }
    }
    defer {
      listening.cancel()
      healthLook?.cancel()
    }
    var lease: LeaseToken?
    var isAway = false
    var isLastPass = false
    var pictured: ContinuousClock.Instant?
    while true {
      isLastPass = mustStop
      let start = ContinuousClock.now
      // Whoever is to end does not wait for a database that is away.
      if isLastPass { registry = registry.within(Self.lastPatience) }
      do {
        lease = try await held(lease, registry: registry, pipelineID: record.id)
        courier?.hold(lease)
        if let lease {
          try await reconcile(registry: registry, pipelineID: record.id, lease: lease)
        }
        metrics.lease.set(lease == nil ? 0 : 1)
        metrics.passes.observe(start.duration(to: .now))
        if pictured.map({ $0.duration(to: start) >= Self.pictureEvery }) ?? true {
          try await look(registry, record.id)
          pictured = start
        }
        didLook.withLock { $0 = true }
        if isAway { logger.notice("the database does its work again; decisions go on", [:]) }
        isAway = false
      } catch let error as RegistryError
        where error.isRetryable || error.isLockedOut || error.code == .conflict || error.code == .fenced
      {
        if error.code == .fenced {
          // Another one decides, and opens and closes incidents meanwhile.
          healthLook?.cancel()
          (lease, watch, healthLook, serving, split, retrainTrigger) = (nil, nil, nil, nil, nil, nil)
        }
        courier?.hold(lease)
        metrics.lease.set(lease == nil ? 0 : 1)
        metrics.failures.increment()
        didLook.withLock { $0 = error.code == .conflict || error.code == .fenced }
        if error.isRetryable || error.isLockedOut { noteAway(&isAway, error) }
        // A conflict means that somebody else moved a version: the next pass sees it.
      }
      if isLastPass { break }
      _ = await bell.wait(atMost: Self.interval)
    }
    listening.cancel()
    await listening.value
    await courier?.finish(until: .after(Self.alertPatience))
    if let lease, !isAway { try? await registry.release(lease) }
    if !isAway { try? await registry.removeController(pipeline: record.id, id: holder) }
    await registry.close()
  }

  /// Once an outage.
  private func noteAway(_ isAway: inout Bool, _ error: RegistryError) {
    if !isAway {
      logger.warning("the database does not do its work; decisions wait", [.error: LogValue(describing: error)])
    }
    isAway = true
  }

  private func held(_ lease: LeaseToken?, registry: Registry, pipelineID: Int64) async throws -> LeaseToken? {
    if let lease { return try await registry.renew(lease, ttl: Self.leaseTime) }
    let acquired = try await registry.acquireLease(pipeline: pipelineID, holder: holder, ttl: Self.leaseTime)
    if acquired != nil { logger.notice("holding the controller's lease", [.pipeline: LogValue(pipeline.name)]) }
    return acquired
  }

  /// Says where this controller is, and takes a picture for those who watch.
  private func look(_ registry: Registry, _ pipelineID: Int64) async throws {
    try await registry.reportController(
      pipeline: pipelineID, id: holder, metricsAddress: metricsAddress?.description)
    var picture = ControllerMetrics.Picture()
    picture.record = try await registry.pipeline(pipelineID)
    picture.liveWorkers = try await registry.members(pipeline: pipelineID, silence: Self.silence).count
    picture.versions = try await registry.versionsInPlay(pipeline: pipelineID)
    picture.counts = try await registry.versionCounts(pipeline: pipelineID)
    picture.tallies = try await registry.tallies(pipeline: pipelineID)
    picture.receivers = try await registry.alertReceivers(pipeline: pipelineID)
    picture.convergence = try await registry.convergence(pipeline: pipelineID)
    picture.checkpointAt = try await registry.newestCheckpoint(pipeline: pipelineID)?.createdAt
    picture.retrains = try await registry.retrainTally(pipeline: pipelineID)
    if let replay = try await registry.replays(pipeline: pipelineID, limit: 1).first, replay.isOver {
      let known = recovery?.run == replay.run ? recovery : nil
      let found: RetrainRecovery?
      if let known {
        found = known.found
      } else {
        found = try await RetrainRecovery.of(replay, pipeline: pipelineID, in: registry)
      }
      recovery = (replay.run, found)
      picture.recovery = found
    }
    metrics.note(picture)
  }

  /// One look at everything: propose, judge, write down.
  private func reconcile(registry: Registry, pipelineID: Int64, lease: LeaseToken) async throws {
    // Whatever is written is refused where another one decides by then.
    let registry = registry.fenced(by: lease)
    let newest = try await registry.newestCheckpoint(pipeline: pipelineID)
    try await propose(newest, registry: registry, pipelineID: pipelineID)
    let watch = try await lookAtHealth(registry, pipelineID, newest)
    if let settings = pipeline.retrain {
      var trigger =
        retrainTrigger
        ?? RetrainTrigger(
          pipelineID: pipelineID, settings: settings, activation: pipeline.model.remedialActivation, logger: logger)
      defer { retrainTrigger = trigger }
      try await trigger.look(watch.spells, registry)
    }
    if pipeline.retrain?.metricDrop == nil, !hasClosedDrops {
      try await registry.closeTroubles(pipeline: pipelineID, kind: MetricDropWatch.kind)
      hasClosedDrops = true
    }
    try await registry.endPastFreeze(pipeline: pipelineID)
    let serving = try await lookAtServing(registry, pipelineID)
    // A decision can make the next one possible (candidate → validated → stable): go on until nothing moves.
    for _ in 0..<8 {
      var standings = try await VersionStandings(
        of: pipeline, pipelineID, newest: newest, windows: watch.versionWindows, in: registry)
      if let serving {
        standings.note(
          serving.breaches(standings.versions.map(\.facts), warmUp: pipeline.rollout.warmUp, now: .now))
      }
      metrics.note(standings.evidence, of: standings.versions)
      note(standings.freeze)
      var split = self.split ?? SplitWatch(pipelineID: pipelineID, logger: logger)
      try await split.look(standings, registry)
      self.split = split
      let decisions = Rollout.decide(
        versions: standings.versions.map(\.facts), evidence: standings.evidence, policy: standings.policy,
        isFrozen: watch.isFrozen || standings.freeze != nil,
        apart: standings.freeze == nil && watch.isFrozenForModel
          ? try await registry.versionsFromBeside(pipeline: pipelineID) : [],
        returnsFor: watch.returnsFor(standings.versions), now: .now
      )
      guard !decisions.isEmpty else { break }
      try await registry.apply(
        decisions, evidence: try EvidenceText.json(standings.evidence, for: decisions), pipeline: pipelineID,
        lease: lease)
      for decision in decisions { log(decision) }
      try await Rewinder(pipelineID: pipelineID, logger: logger).follow(
        decisions, standings.versions, pipeline.rollout.rewind, registry)
    }
    try await takeOver(registry, pipelineID)
    try await prune(registry, pipelineID)
  }

  /// Drops what nobody needs any more: of the live run and the newest beside it with each look; of older ones, which have only their
  /// versions and their ledgers left, now and then.
  private func prune(_ registry: Registry, _ pipelineID: Int64) async throws {
    let checkpoint = pipeline.checkpoint
    let isOldOnes = prunedOld.map { $0.duration(to: .now) >= Self.pruneOldEvery } ?? true
    let beside = try await registry.replays(pipeline: pipelineID, limit: isOldOnes ? 100 : 1).map(\.run)
    for run in [.live] + beside.prefix(1) {
      _ = try await registry.prune(
        pipeline: pipelineID, run: run, keep: checkpoint.keep, hourly: checkpoint.keepHourly,
        daily: checkpoint.keepDaily)
    }
    for run in beside.dropFirst() { _ = try await registry.prune(pipeline: pipelineID, run: run, keep: 1) }
    for run in [.live] + beside {
      _ = try await registry.pruneLedger(pipeline: pipelineID, run: run, days: checkpoint.ledgerDays)
    }
    if isOldOnes { prunedOld = .now }
  }

  /// What health says by now. In the fast lane decisions do not wait for a look that takes long: the next ones hear what it says,
  /// and what was let in meanwhile serves on watch.
  private func lookAtHealth(
    _ registry: Registry, _ pipelineID: Int64, _ newest: CheckpointRecord?
  ) async throws -> HealthWatch {
    let policy = RolloutPolicy(pipeline.rollout, recordsPerSecond: newest?.recordsPerSecond)
    // What an earlier controller left open is heard before anything is decided.
    let hurries = policy.lane == .fast && watch != nil && !mustStop
    while true {
      let known =
        watch
        ?? HealthWatch(
          pipelineID: pipelineID, topic: pipeline.source.topic, policy: HealthPolicy(pipeline), logger: logger)
      let isNew = healthLook == nil
      let look = healthLook ?? HealthLook(known, registry) { [bell] in bell.ring() }
      healthLook = look
      guard let outcome = await look.wait(hurries: hurries) else { return known }
      (watch, healthLook) = (outcome.watch, nil)
      if let error = outcome.error { throw error }
      // One from before has not seen all there is.
      if isNew || hurries { return outcome.watch }
    }
  }

  /// What a run beside has learned serves by now: the live run goes on from there, once.
  private func takeOver(_ registry: Registry, _ pipelineID: Int64) async throws {
    guard let lineage = try await registry.takeOver(pipeline: pipelineID, actor: RolloutActor.controller.description)
    else { return }
    logger.notice("the live run goes on from what a run beside has learned", [.reason: LogValue(lineage.sentence)])
  }

  /// - Returns: nil: nobody said how well requests are to be answered.
  private func lookAtServing(_ registry: Registry, _ pipelineID: Int64) async throws -> ServingWatch? {
    guard let objective = pipeline.rollout.slo.map(ServingObjective.init) else {
      if !hasClosedObjectives { try await ServingWatch.close(pipelineID, registry) }
      hasClosedObjectives = true
      return nil
    }
    var serving = self.serving ?? ServingWatch(pipelineID: pipelineID, objective: objective, logger: logger)
    defer { self.serving = serving }
    try await serving.look(registry, now: .now)
    return serving
  }

  private func note(_ freeze: Freeze?) {
    guard freeze != self.freeze else { return }
    self.freeze = freeze
    if let freeze { return logger.notice("nothing is promoted", [.reason: LogValue(freeze.sentence)]) }
    logger.notice("over, versions are promoted again", [:])
  }

  private func propose(_ newest: CheckpointRecord?, registry: Registry, pipelineID: Int64) async throws {
    // One that only begins a lineage is what another was.
    guard let newest, newest.copyOf == nil else { return }
    let versions = try await registry.versionsInPlay(pipeline: pipelineID)
    let anchor = Rollout.anchor(among: versions.map(\.facts))
    var tested = anchor == nil ? newest.metrics.records : (newest.comparison?.count ?? 0)
    var isBusy = versions.contains(where: \.state.isUndecided)
    if let anchor, newest.comparedWith != anchor.number,
      newest.lineage != (try await registry.checkpoint(anchor.checkpoint))?.lineage,
      // One that goes on from another is compared as that was, once records have come.
      try await registry.lineage(newest.lineage, pipeline: pipelineID)?.origin == nil
    {
      // A model that began anew may read records otherwise than the stable version: a person must be able to promote it, and
      // the newest there is.
      (tested, isBusy) = (newest.metrics.records, false)
    }
    let facts = CheckpointFacts(
      id: newest.id, createdAt: newest.createdAt, isFinal: newest.isFinal, testedRecords: tested)
    let last = try await registry.newestVersion(pipeline: pipelineID)
    guard
      Rollout.shouldPropose(
        facts, newestVersion: last.map { (checkpoint: $0.checkpoint, since: $0.createdAt) },
        recordsMin: Int64(pipeline.rollout.recordsMin), isBusy: isBusy, every: pipeline.rollout.candidateEvery,
        now: .now)
    else { return }
    let number = try await registry.addCandidate(pipeline: pipelineID, checkpoint: newest.id)
    logger.notice(
      "new candidate", [.version: LogValue(number), .checkpoint: LogValue(newest.id), .step: LogValue(newest.step)])
  }

  private func log(_ decision: RolloutDecision) {
    logger.notice(
      "version moved",
      [
        .version: LogValue(decision.version), .rule: LogValue(decision.rule),
        .reason: "\(decision.from.rawValue) → \(decision.to.rawValue): \(decision.reason)",
      ])
  }
}

/// What keeps a controller from working.
public enum ControllerError: Error, CustomStringConvertible {
  case unknownPipeline(String)

  public var description: String {
    switch self {
    case .unknownPipeline(let name):
      "no pipeline '\(name)' in the registry: 'retrainctl start FILE' registers it"
    }
  }
}
