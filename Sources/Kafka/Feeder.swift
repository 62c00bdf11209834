public import Vocabulary

/// What a feed did.
public struct FeedSummary: Sendable, Hashable {
  public let records: Int64
  public let delivered: Int64
  public let bytes: Int64
  public let elapsed: Duration
  /// Waited for the rate or the lag.
  public let heldBack: Duration
}

/// How far a feed is.
public struct FeedPosition: Sendable, Hashable {
  public let queued: Int64
  public let delivered: Int64
  /// Given up.
  public let failed: Int64
  public let firstFailed: Int64?
  /// By the rate or the lag, at this moment.
  public let isHeldBack: Bool
  /// By the lag, since the last record went out; nil: it is not.
  public let heldBack: HeldBack?

  /// A feed that waits for its readers.
  public struct HeldBack: Sendable, Hashable {
    public let duration: Duration
    public let group: String
    /// Records between what the group has committed and the end of the log.
    public let lag: Int64
    /// Whether the group has committed anything at all.
    public let hasCommits: Bool

    public init(duration: Duration, group: String, lag: Int64, hasCommits: Bool) {
      self.duration = duration
      self.group = group
      self.lag = lag
      self.hasCommits = hasCommits
    }
  }
}

/// Publishes batches to one topic at a rate or within a lag, and outlasts a broker that is away for a while.
///
/// Keyed, idempotent, in order within a partition: after a restart of the broker nothing is lost or there twice.
public actor Feeder {
  private let topic: String
  private let limits: FeedLimits
  private let patience: Duration
  private let producer: KafkaProducer
  private let admin: KafkaAdmin
  private let observer: (@Sendable (KafkaNotice) -> Void)?
  private let durable: DurablePosition?
  private let start = ContinuousClock.now
  private var pace: FeedPace
  private var lookAgain = ContinuousClock.now
  private var bytes: Int64 = 0
  private var heldBack = Duration.zero
  private var isHeldBack = false
  private var lastSent = ContinuousClock.now
  /// At the last look.
  private var lastLag: GroupLag?

  /// The offsets at which the reader would go on after a crash; nil: not known.
  public typealias DurablePosition = @Sendable () async -> [Int32: Int64]?

  /// - Parameters:
  ///   - patience: How long the brokers may be away before the feed gives up.
  ///   - durable: For a broker that forgets: a feed that keeps a lag also keeps what lies behind these.
  /// - Throws: `KafkaError.invalidConfiguration`.
  public init(
    configuration: KafkaConfiguration, topic: String, limits: FeedLimits = FeedLimits(),
    patience: Duration = .seconds(600), durable: DurablePosition? = nil
  ) throws {
    self.durable = durable
    self.topic = topic
    self.limits = limits
    self.patience = patience
    observer = configuration.observer
    producer = try KafkaProducer(configuration: configuration)
    admin = try KafkaAdmin(configuration: configuration)
    pace = FeedPace(limits: limits, start: start)
  }

  /// Publishes a batch; returns when all of it is queued. Cancelling the task ends the wait.
  ///
  /// - Throws: `KafkaError.queueFull` or `unreachable` after `patience` without progress; others as the producer's.
  public func publish(_ batch: KafkaBatch) async throws {
    var next = 0
    var lastProgress = ContinuousClock.now
    while next < batch.count {
      try Task.checkCancellation()
      // Something that the brokers refuse is told at once, not behind the rest of the file.
      if let failure = try await producer.failure() { throw failure }
      let allowed = try await allowance(wanted: min(batch.count - next, 10_000), since: lastProgress)
      guard allowed > 0 else {
        await holdBack()
        // Waiting for a reader is no lack of progress of the broker.
        if limits.ratePerSecond != nil || lookSucceeded { lastProgress = .now }
        continue
      }
      let reached = try await producer.send(
        contentsOf: batch, from: next, upTo: next + allowed, topic: topic, until: .after(.seconds(1)))
      if reached > next {
        lastProgress = .now
      } else if lastProgress.duration(to: .now) > patience {
        throw KafkaError(
          code: .queueFull, topic: topic, isRetryable: true,
          reason: "the brokers took nothing for \(Int(patience.seconds)) seconds")
      }
      pace.note(sent: reached - next)
      bytes += Int64(batch.payloadBytes(from: next, upTo: reached))
      lastSent = .now
      next = reached
    }
  }

  /// Waits until everything is in the log.
  ///
  /// - Throws: `KafkaError.deliveryFailed` when something was given up, `timedOut`.
  public func finish(until deadline: Deadline) async throws -> FeedSummary {
    try await producer.flush(until: deadline)
    let counters = await producer.counters
    return FeedSummary(
      records: counters.sent, delivered: counters.delivered, bytes: bytes,
      elapsed: start.duration(to: .now), heldBack: heldBack)
  }

  /// Records queued so far, those before one that was refused included, how many of them are in the log for certain, and
  /// the first that was given up, counted from 0.
  public func progress() async -> FeedPosition {
    try? await producer.serve()
    let counters = await producer.counters
    return FeedPosition(
      queued: counters.sent, delivered: counters.delivered, failed: counters.failed,
      firstFailed: await producer.firstFailed, isHeldBack: isHeldBack,
      heldBack: isHeldBack
        ? lastLag.map { lag in
          FeedPosition.HeldBack(
            duration: lastSent.duration(to: .now), group: limits.group ?? "", lag: lag.records,
            hasCommits: lag.hasCommits)
        } : nil)
  }

  public func close() async {
    await producer.close()
    await admin.close()
  }

  private var lookSucceeded = false

  /// How many may go out now; looks at the lag a few times a second at most.
  private func allowance(wanted: Int, since lastProgress: ContinuousClock.Instant) async throws -> Int {
    let now = pace.allowance(wanted: wanted, now: .now)
    guard limits.lagRecordsMax != nil, let group = limits.group, now == 0, lookAgain <= .now else { return now }
    lookAgain = .now.advanced(by: .milliseconds(200))
    // Before the lag is asked, so that records arriving meanwhile count twice rather than not at all.
    try await producer.serve()
    let underWay = await producer.counters.underWay
    do {
      let lag = try await admin.groupLag(group: group, topic: topic, until: .after(.seconds(5)))
      lastLag = lag
      pace.note(lag: lag.records, underWay: underWay)
      if let needed = await durable?() {
        let (firsts, ends) = try await admin.bounds(topic: topic, until: .after(.seconds(5)))
        let partitions = ends.map { partition, end in
          let first = firsts[partition] ?? 0
          return RetainedPartition(first: first, end: end, needed: needed[partition] ?? first)
        }
        let sent = await producer.counters.sent
        pace.note(
          room: RetainedPartition.room(partitions, recordBytes: sent > 0 ? bytes / sent : 1024), underWay: underWay)
      }
      lookSucceeded = true
    } catch let error as KafkaError where error.isRetryable {
      lookSucceeded = false
      observer?(.trouble(error))
      if lastProgress.duration(to: .now) > patience { throw error }
    }
    return pace.allowance(wanted: wanted, now: .now)
  }

  private func holdBack() async {
    isHeldBack = true
    let now = ContinuousClock.now
    let wait = min(pace.wait(now: now) ?? .milliseconds(50), .milliseconds(50))
    try? await Task.sleep(for: max(wait, .milliseconds(1)))
    heldBack += now.duration(to: .now)
    isHeldBack = false
  }
}
