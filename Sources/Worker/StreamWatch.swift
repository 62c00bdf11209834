package import Kafka
import Registry
import Telemetry
package import Vocabulary

/// Keeps one record of each partition in mind and looks now and then whether it still lies where it lay, so that a topic
/// that was made anew is noticed, also when it is longer than what was read.
///
/// New marks replace older ones only after those were found where they were: the marks of another topic never cover up
/// that it is another.
actor StreamWatch {
  private let registry: Registry
  private let pipelineID: Int64
  private let stream: Int
  private let topic: String
  private let configuration: KafkaConfiguration
  private let news: StreamNews
  private let logger: Logger
  private var known: [Int32: StreamMark]?

  static let interval = Duration.seconds(5)
  /// Partitions that are looked at in one go.
  private static let atOnce = 64

  init(
    registry: Registry, pipelineID: Int64, stream: Int, topic: String, configuration: KafkaConfiguration,
    news: StreamNews, logger: Logger
  ) {
    self.registry = registry
    self.pipelineID = pipelineID
    self.stream = stream
    self.topic = topic
    self.configuration = configuration
    self.news = news
    self.logger = logger
  }

  /// Looks at the marks of these partitions before anything is read.
  ///
  /// - Throws: `StreamError.madeAnew`; `KafkaError` and `RegistryError` when nothing can be said.
  func verify(_ partitions: [Int32], until deadline: Deadline) async throws {
    let known = try await loaded()
    for start in stride(from: 0, to: partitions.count, by: Self.atOnce) {
      let part = partitions[start..<min(start + Self.atOnce, partitions.count)]
      try await look(at: part.compactMap { known[$0] }, until: deadline)
    }
  }

  /// Looks at the marks of partitions that have new ones, and remembers those.
  ///
  /// - Throws: As `verify`.
  ///
  /// - Returns: Whether there were any.
  @discardableResult
  func renew(until deadline: Deadline) async throws -> Bool {
    let fresh = news.takeMarks()
    guard !fresh.isEmpty else { return false }
    do {
      let known = try await loaded()
      for start in stride(from: 0, to: fresh.count, by: Self.atOnce) {
        let part = fresh[start..<min(start + Self.atOnce, fresh.count)]
        try await look(at: part.compactMap { known[$0.partition] }, until: deadline)
        try await registry.setStreamMarks(pipeline: pipelineID, stream: stream, Array(part))
        for mark in part { self.known?[mark.partition] = mark }
      }
      return true
    } catch {
      // What came meanwhile is newer, and will do as well.
      if !(error is StreamError) { for mark in fresh { news.restore(mark) } }
      throw error
    }
  }

  /// Looks at a few marks before a checkpoint is written, so that none holds another topic's records: a topic is made anew
  /// with all its partitions. Brokers that are away, or a topic that is, say nothing against it.
  ///
  /// - Throws: `StreamError.madeAnew`; `RegistryError`.
  func vouch() async throws {
    do { try await sample(until: .after(.seconds(2))) } catch is KafkaError {} catch StreamError.gone {}
  }

  private func sample(until deadline: Deadline) async throws {
    try await look(at: Array(loaded().values.shuffled().prefix(4)), until: deadline)
  }

  /// Until cancelled.
  ///
  /// - Parameter fail: Called once with what ends the reading.
  func run(fail: @Sendable (StreamError) -> Void) async {
    var quiet = 0
    var pause = Duration.seconds(1)
    while !Task.isCancelled {
      try? await Task.sleep(for: pause)
      pause = Self.interval
      do {
        let hasNews = try await renew(until: .after(.seconds(20)))
        quiet = hasNews ? 0 : quiet + 1
        // A topic that gives nothing may be there no more.
        if quiet % 3 == 2 { try await sample(until: .after(.seconds(20))) }
      } catch let error as StreamError { return fail(error) } catch {
        logger.debug("the stream's marks could not be looked at", [.error: LogValue(describing: error)])
      }
    }
  }

  private func loaded() async throws -> [Int32: StreamMark] {
    if let known { return known }
    let marks = try await registry.streamMarks(pipeline: pipelineID, stream: stream)
    let loaded = Dictionary(marks.map { ($0.partition, $0) }, uniquingKeysWith: { $1 })
    known = loaded
    return loaded
  }

  private func look(at marks: [StreamMark], until deadline: Deadline) async throws {
    guard !marks.isEmpty else { return }
    guard try await change(at: marks, until: deadline) != nil else { return }
    // Once more: it ends the run, and a partition may just have changed its leader.
    try await Task.sleep(for: .milliseconds(500))
    if let error = try await change(at: marks, until: deadline) { throw error }
  }

  private func change(at marks: [StreamMark], until deadline: Deadline) async throws -> StreamError? {
    do {
      let findings = try await StreamCheck.look(
        at: marks, topic: topic, configuration: configuration, until: deadline)
      return StreamError(marks, findings, topic: topic)
    } catch let error as KafkaError where error.code == .unknownTopic {
      return .gone(topic: topic)
    }
  }
}

extension StreamError {
  /// The first mark in whose place something else was found; nil when there is none.
  package init?(_ marks: [StreamMark], _ findings: [Int32: StreamCheck.Finding], topic: String) {
    for mark in marks {
      let evidence: Evidence
      switch findings[mark.partition] {
      case .other: evidence = .otherRecord(at: mark.offset)
      case .endsAt(let end): evidence = .endsAt(end)
      case .same, .gone, nil: continue
      }
      self = .madeAnew(topic: topic, partition: mark.partition, next: mark.offset + 1, evidence: evidence)
      return
    }
    return nil
  }
}
