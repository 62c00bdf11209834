import Confinement
import Health
import Ingest
import Kafka
import Membership
import Pipelines
import Registry
import Telemetry
import Vocabulary

/// Once every half second: tells the registry where this worker stands and takes over what people and the controller
/// want of it; versions at once, as the registry tells of them. The step thread never waits for it.
struct WorkerHeartbeat: Sendable {
  let resources: WorkerResources
  let registry: Registry

  private static let interval = Duration.milliseconds(500)
  /// A call that takes longer is given up: the next beat asks again.
  private static let patience = Duration.seconds(3)
  /// How long all may wait for one partition before it is told.
  private static let shortPatience = Duration.seconds(10)

  init(resources: WorkerResources) {
    self.resources = resources
    registry = resources.registry.within(Self.patience)
  }

  /// Frozen versions are asked about the live stream alone.
  private var isLive: Bool { resources.run == .live }

  func run() async {
    var rate = RateMeter()
    var arrivals: [Int32: ArrivalLog] = [:]
    var frozen = FrozenRoll()
    var committed: [Int32: Int64] = [:]
    var wait = ContractWait()
    var divergence = DivergenceWatch()
    let bell = Bell()
    let listening = Task { [resources] in
      await resources.registry.eachChange(of: resources.pipelineID, among: [.version]) { _ in bell.ring() }
    }
    while !Task.isCancelled {
      await commit(&committed)
      // While the database does not answer at all, the rest need not ask it.
      if await attempt(.heartbeat, { try await beat(&rate, &arrivals) }) {
        await attempt(.wishes) { try await followWishes(&wait) }
        if isLive { await attempt(.versions) { try await followVersions(&frozen) } }
        await attempt(.stream) { try await tellStreamNews() }
        await tellDivergence(&divergence)
        await resources.troubles.writeDown()
      }
      let next = ContinuousClock.now + Self.interval
      while await bell.wait(atMost: ContinuousClock.now.duration(to: next)), isLive {
        await attempt(.versions) { try await followVersions(&frozen) }
      }
    }
    listening.cancel()
    await listening.value
  }

  /// Tells the group how far this worker has read, for lag tools and for feeds that hold back by the lag. Nobody goes on from
  /// there: that is what checkpoints are for. Does not wait for the broker.
  private func commit(_ committed: inout [Int32: Int64]) async {
    let facts = resources.board.currentFacts
    guard facts.generation != nil else { return }
    let owned = Set(facts.owned)
    let moved = facts.progress.filter { owned.contains($0.partition) && committed[$0.partition] != $0.nextOffset }
    guard !moved.isEmpty else { return }
    let offsets = Dictionary(uniqueKeysWithValues: moved.map { ($0.partition, $0.nextOffset) })
    guard (try? await resources.consumer.commit(offsets)) != nil else { return }
    committed.merge(offsets) { $1 }
  }

  /// - Returns: Whether the database answered.
  @discardableResult
  private func attempt(_ duty: TroubleBook.Duty, _ body: () async throws -> Void) async -> Bool {
    do {
      try await body()
      await resources.troubles.clear(duty)
      return true
    } catch {
      return await resources.troubles.note(duty, error)?.isAbsence == false
    }
  }

  private func beat(_ rate: inout RateMeter, _ arrivals: inout [Int32: ArrivalLog]) async throws {
    let facts = resources.board.currentFacts
    var status = WorkerStatus(state: facts.phase)
    status.rank = facts.rank?.rawValue
    status.worldSize = facts.worldSize
    status.generation = facts.generation?.rawValue
    status.step = facts.step
    status.trained = facts.trained
    status.rejected = facts.rejected
    status.lostByBroker = facts.progress.reduce(0) { $0 + $1.lost }
    status.deadLetters = WorkerStatus.DeadLetterStatus(resources.deadLetters.counts)
    // Before the state is there, its counts are not; they would look like records of this moment.
    status.recordsPerSecond = facts.generation == nil ? 0 : rate.update(total: facts.trained + facts.rejected)
    status.measures = facts.measures
    status.window = facts.window
    status.heads = facts.heads
    status.members = facts.members.isEmpty ? nil : facts.members
    if facts.generation != nil {
      status.rejectedByReason = Dictionary(
        uniqueKeysWithValues: zip(RejectReason.allCases, facts.rejectedByReason).filter { $0.1 > 0 }.map {
          ($0.0.rawValue, $0.1)
        })
      let report = facts.fields.report(resources.fields)
      // Twice a second: of very many fields only those that have something to tell.
      status.fields = report.fields.count > 256 ? report.withoutCleanFields : report
    }
    let troubles = await resources.troubles.sentences + waits(facts)
    (status.troubles, status.metricsAddress) = (troubles, resources.metricsAddress)
    let lag = await lag(facts, &arrivals)
    for partition in lag {
      status.lag.append(WorkerStatus.PartitionLag(partition: partition.partition, records: partition.records))
      status.behindTransactions =
        await (status.behindTransactions ?? 0) + resources.consumer.behindTransactions(partition.partition)
    }
    resources.board.report { now in
      now.troubles = troubles.count
      // Another generation deals the partitions anew.
      if now.generation == facts.generation { now.lag = lag }
    }
    do {
      try await registry.heartbeat(
        pipeline: resources.pipelineID, member: resources.memberID, heldStep: facts.heldStep, status: status)
    } catch let error as RegistryError where error.code == .notFound {
      // Not joined yet, or forgotten after a long silence: the step thread joins when it needs to.
    }
  }

  /// Of this rank's partitions, as far as the consumer knows their ends.
  private func lag(
    _ facts: ControlBoard.Facts, _ arrivals: inout [Int32: ArrivalLog]
  ) async -> [ControlBoard.Lag] {
    arrivals = arrivals.filter { facts.owned.contains($0.key) }
    var lag: [ControlBoard.Lag] = []
    for partition in facts.owned {
      guard
        let progress = facts.progress.first(where: { $0.partition == partition }),
        let end = await resources.consumer.knownHighWatermark(partition)
      else { continue }
      let now = ContinuousClock.now
      arrivals[partition, default: ArrivalLog()].note(end: end, now: now)
      lag.append(
        ControlBoard.Lag(
          partition: partition, records: max(0, end - progress.nextOffset),
          waiting: arrivals[partition]?.waiting(next: progress.nextOffset, now: now)))
    }
    return lag
  }

  /// What a reproducible step has waited for a while for, in a sentence: it may be for ever.
  private func waits(_ facts: ControlBoard.Facts) -> [String] {
    guard let short = facts.short else { return [] }
    let waited = short.since.duration(to: .now)
    guard waited >= Self.shortPatience else { return [] }
    return [
      "a step waits for full shares, as `reproducible: true` has it: \(short.partition), for \(waited.components.seconds) s"
    ]
  }

  private func followWishes(_ wait: inout ContractWait) async throws {
    guard let pipeline = try await registry.pipeline(resources.pipelineID, run: resources.run) else { return }
    try await followContract(pipeline, &wait)
    let facts = resources.board.currentFacts
    var mustRegroup = false
    if facts.rank == Rank(0),
      let plan = try await registry.currentPlan(pipeline: resources.pipelineID, run: resources.run)
    {
      let members = try await registry.members(
        pipeline: resources.pipelineID, run: resources.run, silence: .seconds(5))
      mustRegroup = Rendezvous.shouldRegroup(
        plan, waiting: members.filter(\.isWaiting).map(\.facts), desired: pipeline.desiredWorkers,
        work: pipeline.workFingerprint)
    }
    resources.board.wish { wishes in
      wishes.follow(pipeline)
      wishes.regroup = mustRegroup
    }
  }
}

/// Records a second between two beats, smoothed.
struct RateMeter: Sendable {
  private var last: (at: ContinuousClock.Instant, total: Int64)?
  private var smoothed: Double = 0

  mutating func update(total: Int64) -> Double {
    let now = ContinuousClock.now
    defer { last = (now, total) }
    guard let last else { return 0 }
    let seconds = (now - last.at).seconds
    guard seconds > 0 else { return smoothed }
    let current = Double(max(0, total - last.total)) / seconds
    smoothed = smoothed == 0 ? current : 0.6 * smoothed + 0.4 * current
    return smoothed
  }
}

extension ControlBoard.Wishes {
  /// Takes over what the registry says of the pipeline.
  mutating func follow(_ pipeline: PipelineRecord) {
    stop = stop || pipeline.desiredState == .stopped
    paused = pipeline.desiredState == .paused
    stopsAtEnd = pipeline.until == "end"
    stepLimit = pipeline.until.flatMap { $0.hasPrefix("steps:") ? Int64($0.dropFirst(6)) : nil }
    newestGeneration = pipeline.generation
    rateScale = pipeline.rateScale
  }
}
