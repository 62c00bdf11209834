import Kafka
import Registry
import Telemetry
import Vocabulary

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
  func renew(until deadline: Deadline) async throws {
    let fresh = news.takeMarks()
    guard !fresh.isEmpty else { return }
    do {
      let known = try await loaded()
      for start in stride(from: 0, to: fresh.count, by: Self.atOnce) {
        let part = fresh[start..<min(start + Self.atOnce, fresh.count)]
        try await look(at: part.compactMap { known[$0.partition] }, until: deadline)
        try await registry.setStreamMarks(pipeline: pipelineID, stream: stream, Array(part))
        for mark in part { self.known?[mark.partition] = mark }
      }
    } catch {
      // What came meanwhile is newer, and will do as well.
      if !(error is StreamError) { for mark in fresh { news.restore(mark) } }
      throw error
    }
  }

  /// Until cancelled.
  ///
  /// - Parameter fail: Called once with what ends the reading.
  func run(fail: @Sendable (StreamError) -> Void) async {
    while !Task.isCancelled {
      try? await Task.sleep(for: Self.interval)
      do { try await renew(until: .after(.seconds(20))) } catch let error as StreamError { return fail(error) } catch {
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
    let first = try await StreamCheck.look(at: marks, topic: topic, configuration: configuration, until: deadline)
    guard StreamError(marks, first, topic: topic) != nil else { return }
    // Once more: it ends the run, and a partition may just have changed its leader.
    try await Task.sleep(for: .milliseconds(500))
    let second = try await StreamCheck.look(at: marks, topic: topic, configuration: configuration, until: deadline)
    if let error = StreamError(marks, second, topic: topic) { throw error }
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
