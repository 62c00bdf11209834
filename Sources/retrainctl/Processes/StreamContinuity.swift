import Kafka
import Pipelines
import Registry
import Vocabulary
import Worker

/// Whether the topic still holds what the lineage has to read next, and the ways on where it does not.
struct StreamContinuity {
  let name: String
  let source: SourceSettings
  let configuration: KafkaConfiguration
  let registry: Registry
  let reporter: RunReporter

  private static let patience = Duration.seconds(30)

  /// Tells at once what the workers would meet.
  ///
  /// - Throws: `CommandFailure` when the stream does not go on where the lineage stands, and nobody said that it may.
  func verify(_ record: PipelineRecord, skipsLost: Bool) async throws {
    let places = try await places(of: record)
    guard !places.isEmpty else { return }
    let bounds = try await bounds()
    let leftOut = LeftOut(try await registry.lineage(record.lineage, pipeline: record.id)?.skips ?? [])
    var lost: [LostRange] = []
    for (partition, next) in places.sorted(by: { $0.key < $1.key }) {
      let (first, end) = (bounds.firsts[partition] ?? 0, bounds.ends[partition] ?? 0)
      guard next <= end else {
        throw failure(.madeAnew(topic: source.topic, partition: partition, next: next, evidence: .endsAt(end)), record)
      }
      // What is left out need not be there.
      let wanted = leftOut.first(from: next, of: partition)
      if wanted < first {
        lost.append(LostRange(topic: source.topic, partition: partition, from: wanted, next: first))
      }
    }
    if let error = try await change(of: record) { throw failure(error, record) }
    guard !lost.isEmpty else { return }
    guard skipsLost || source.onLost == .skip else { throw failure(.lost(lost), record) }
    let count = lost.reduce(0) { $0 + $1.count }
    reporter.note(
      "note: the broker has removed \(Wording.count(count)) offsets of \(source.topic) before they were read; going on "
        + "behind them")
  }

  /// The lineage goes on in the topic as it is now, from its first record.
  ///
  /// - Throws: `CommandFailure` when it is the topic that was learned from: its records would be learned a second time.
  func beginAnew(_ record: PipelineRecord) async throws {
    let places = try await places(of: record)
    guard !places.isEmpty else { return }
    let bounds = try await bounds()
    let marks = try await registry.streamMarks(pipeline: record.id, stream: record.stream)
    let isShorter = places.contains { $0.value > bounds.ends[$0.key] ?? 0 }
    if !isShorter, try await change(of: record) == nil, !marks.isEmpty {
      throw CommandFailure(
        .usage,
        "\(source.topic) is the topic that '\(name)' has learned from: --new-stream would learn its records a second "
          + "time. Leave it out to go on, or add --skip-lost where the broker has removed records")
    }
    let stream = try await registry.beginStream(pipeline: record.id, starts: bounds.firsts)
    reporter.note(
      "note: '\(name)' goes on in \(source.topic) as it is now, from its first record, with the model that it has "
        + "(stream \(stream))")
  }

  /// Whether the topic of now is another than the one that was learned from, of whatever name; nil: nobody can say.
  func isMadeAnew(_ record: PipelineRecord) async throws -> Bool? {
    do {
      let ends = try await bounds().ends
      if try await places(of: record).contains(where: { $0.value > ends[$0.key] ?? 0 }) { return true }
      let marks = try await registry.streamMarks(pipeline: record.id, stream: record.stream)
      guard !marks.isEmpty else { return nil }
      let findings = try await StreamCheck.look(
        at: marks, topic: source.topic, configuration: configuration, until: .after(Self.patience))
      if StreamError(marks, findings, topic: source.topic) != nil { return true }
      return findings.values.contains(.same) ? false : nil
    } catch let error as KafkaError where error.code == .unknownTopic {
      // What is not there yet will be a new one.
      return true
    }
  }

  /// What is left to read.
  struct End {
    var lag: Int64 = 0
    /// Of it, what waits behind open transactions.
    var behindTransactions: Int64 = 0
  }

  func end(of pipeline: Int64, patience: Duration) async throws -> End? {
    guard let record = try await registry.pipeline(pipeline) else { return nil }
    let places = try await places(of: record)
    let topic = source.topic
    let (stable, all) = try await TopicMaker(configuration).withAdmin { admin in
      let deadline = Deadline.after(patience)
      let stable = try await admin.endOffsets(topic: topic, until: deadline)
      // The broker in memory knows no transactions.
      return (stable, (try? await admin.highWatermarks(topic: topic, until: deadline)) ?? stable)
    }
    var end = End()
    for (partition, next) in places {
      let committed = max(next, stable[partition] ?? next)
      let written = max(committed, all[partition] ?? committed)
      end.lag += written - next
      end.behindTransactions += written - committed
    }
    return end
  }

  /// The next offset of every partition that the lineage knows, in the topic of now.
  private func places(of record: PipelineRecord) async throws -> [Int32: Int64] {
    var places = try await registry.streamStarts(pipeline: record.id, stream: record.stream)
    for part in try await registry.newestCheckpoint(pipeline: record.id)?.progress ?? []
    where part.stream == record.stream {
      places[part.partition] = part.nextOffset
    }
    return places
  }

  private func bounds() async throws -> (firsts: [Int32: Int64], ends: [Int32: Int64]) {
    let topic = source.topic
    return try await TopicMaker(configuration).withAdmin {
      try await $0.bounds(topic: topic, until: .after(Self.patience))
    }
  }

  /// Whether other records lie where marked ones lay.
  private func change(of record: PipelineRecord) async throws -> StreamError? {
    let marks = try await registry.streamMarks(pipeline: record.id, stream: record.stream)
    let findings = try await StreamCheck.look(
      at: marks, topic: source.topic, configuration: configuration, until: .after(Self.patience))
    return StreamError(marks, findings, topic: source.topic)
  }

  private func failure(_ error: StreamError, _ record: PipelineRecord) -> CommandFailure {
    if let learned = record.topic, learned != source.topic {
      return CommandFailure(.unavailable, Self.otherTopic(name, learned: learned, now: source.topic))
    }
    return CommandFailure(.unavailable, "'\(name)' cannot go on: \(error.description)")
  }

  /// Why a model that has learned from one topic does not simply go on in another.
  static func otherTopic(_ name: String, learned: String, now: String) -> String {
    "'\(name)' cannot go on: the file says the topic \(now) now, and what was learned is of \(learned). Write source.topic: "
      + "\(learned) again, or 'retrainctl start FILE --new-stream' to go on with the model from the first record of \(now); "
      + "'retrainctl delete \(name)' begins all anew"
  }
}

extension PipelineRecord {
  /// The topic that its file named when it ran last; nil: the file cannot be read any more.
  var topic: String? {
    try? PipelineParser.parse(text: specification, fileName: name) { Environment.value(of: $0) ?? "0" }.source.topic
  }
}
