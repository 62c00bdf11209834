import Ingest
import Kafka
import Learning
import Membership
import Pipelines
import Registry
import Telemetry
import Vocabulary

/// Once every half second: tells the registry where this worker stands and takes over what people and the controller
/// want of it. The step thread never waits for it.
struct WorkerHeartbeat: Sendable {
  let resources: WorkerResources

  private static let interval = Duration.milliseconds(500)

  func run() async {
    var rate = RateMeter()
    var shadowed: Int64 = 0
    var committed: [Int32: Int64] = [:]
    var isAway = false
    while !Task.isCancelled {
      await commit(&committed)
      do {
        try await beat(&rate)
        try await followWishes()
        try await followStable(&shadowed)
        try await writeIncidents()
        try await tellStreamNews()
        if isAway { resources.logger.notice("the database answers again", [:]) }
        isAway = false
      } catch {
        if !isAway, !Task.isCancelled {
          resources.logger.warning(
            "the database does not answer; training goes on, decisions wait", [.error: LogValue(describing: error)])
        }
        isAway = true
      }
      try? await Task.sleep(for: Self.interval)
    }
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

  private func beat(_ rate: inout RateMeter) async throws {
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
    status.loss = facts.measures?.loss
    status.auc = facts.measures?.auc
    status.measures = facts.measures
    status.window = facts.window
    status.heads = facts.heads
    if facts.generation != nil {
      status.rejectedByReason = Dictionary(
        uniqueKeysWithValues: zip(RejectReason.allCases, facts.rejectedByReason).filter { $0.1 > 0 }.map {
          ($0.0.rawValue, $0.1)
        })
      let report = facts.fields.report(resources.fields)
      // Twice a second: of very many fields only those that have something to tell.
      status.fields = report.fields.count > 256 ? report.withoutCleanFields : report
    }
    for partition in facts.owned {
      guard
        let progress = facts.progress.first(where: { $0.partition == partition }),
        let end = await resources.consumer.knownHighWatermark(partition)
      else { continue }
      status.lag.append(
        WorkerStatus.PartitionLag(partition: partition, records: max(0, end - progress.nextOffset)))
      status.behindTransactions =
        await (status.behindTransactions ?? 0) + resources.consumer.behindTransactions(partition)
    }
    do {
      try await resources.registry.heartbeat(
        pipeline: resources.pipelineID, member: resources.memberID, heldStep: facts.heldStep, status: status)
    } catch let error as RegistryError where error.code == .notFound {
      // Not joined yet, or forgotten after a long silence: the step thread joins when it needs to.
    }
  }

  private func followWishes() async throws {
    guard let pipeline = try await resources.registry.pipeline(named: resources.pipeline.name) else { return }
    let facts = resources.board.currentFacts
    var mustRegroup = false
    if facts.rank == Rank(0), let plan = try await resources.registry.currentPlan(pipeline: resources.pipelineID) {
      let members = try await resources.registry.members(pipeline: resources.pipelineID, silence: .seconds(5))
      mustRegroup = Rendezvous.shouldRegroup(
        plan, waiting: members.filter(\.isWaiting).map(\.facts), desired: pipeline.desiredWorkers)
    }
    resources.board.wish { wishes in
      wishes.follow(pipeline)
      wishes.regroup = mustRegroup
    }
  }

  /// Loads the stable version when it changes, so that the learner is compared with it.
  private func followStable(_ shadowed: inout Int64) async throws {
    let versions = try await resources.registry.versions(pipeline: resources.pipelineID)
    guard let stable = versions.first(where: { $0.state == .stable }), stable.number != shadowed else { return }
    let bytes = try await resources.registry.state(of: stable.checkpoint)
    let predictor = try Predictor(
      spec: LearnerSpec(resources.pipeline), state: bytes,
      batchCapacity: resources.partitionCount * resources.pipeline.training.recordsPerPartition)
    resources.shadow.offer(version: stable.number, predictor: predictor)
    shadowed = stable.number
  }

  private func writeIncidents() async throws {
    let found = resources.quarantine.takeFound()
    for (place, record) in found.enumerated() {
      do {
        _ = try await resources.registry.openIncident(pipeline: resources.pipelineID, IncidentDraft(record))
        if record.position.offset >= 0 { try await deadLetter(record.position) }
      } catch {
        // Told again with the next beat; the incident's key keeps it one.
        for left in found[place...] { resources.quarantine.put(left) }
        throw error
      }
    }
  }

  /// The record's bytes are long gone from the buffers: it is read again from the log. Where the log does not hold it any
  /// more, the letter is lost, and told as such.
  private func deadLetter(_ position: RecordPosition) async throws {
    let copy: RecordFetch.Copy
    do { copy = try await RecordFetch.read(position, configuration: resources.kafka) } catch let error as KafkaError {
      return resources.deadLetters.noteLost(position, cause: "the record could not be read again: \(error)")
    }
    let letter = copy.value.withUnsafeBytes { value in
      (copy.key ?? []).withUnsafeBytes { key in
        DeadLetter(
          position: position, reason: .nonFinite, field: nil, key: copy.key == nil ? nil : key, value: value)
      }
    }
    resources.deadLetters.put(letter)
    try await resources.deadLetters.send()
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
  }
}

extension IncidentDraft {
  /// The same record quarantined again, after a restart say, is the same incident.
  fileprivate init(_ record: QuarantinedRecord) {
    let isWholeStep = record.position.offset < 0
    self.init(
      key: isWholeStep ? "non_finite step \(record.step)" : "non_finite \(record.position)", kind: "non_finite",
      severity: .warning, positions: isWholeStep ? [] : [record.position], layer: record.layer,
      feature: record.feature, step: record.step)
  }
}
