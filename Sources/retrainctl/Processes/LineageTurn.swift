import Foundation
import Kafka
import Pipelines
import Registry
import Vocabulary
import Worker

/// A pipeline's run goes on from another checkpoint: everything that could keep it from that is looked at first, and told.
struct LineageTurn {
  let record: PipelineRecord
  let registry: Registry
  /// The registered pipeline, whether its secrets are set here or not.
  let pipeline: Pipeline

  /// - Parameter text: By which it is to be learned; nil: the registered one.
  init(_ record: PipelineRecord, _ registry: Registry, text: String? = nil) throws {
    self.record = record
    self.registry = registry
    pipeline = try PipelineParser.parse(
      text: text ?? record.specification, fileName: "\(record.name) (in the registry)",
      environment: { Environment.value(of: $0) ?? "0" })
  }

  /// As `--json` says it.
  struct Report: Encodable {
    var pipeline: String
    var lineage: LineageRecord
    /// Where each partition goes on.
    var places: [OffsetStretch.Place]
    /// Offsets that are left out, those up to where it goes on among them.
    var skipped: Int64
    var isRunning: Bool
  }

  /// The checkpoint that a person named.
  ///
  /// - Throws: `CommandFailure` where nothing can go on from it.
  func checkpoint(_ number: Int64?, version: Int64?) async throws -> CheckpointRecord {
    var name = number.map { "checkpoint \($0)" } ?? ""
    var id = number
    if let version {
      guard let known = try await registry.version(version, pipeline: record.id) else {
        throw CommandFailure(
          .usage, "there is no version \(version) of '\(record.name)'; 'retrainctl versions' lists them")
      }
      (id, name) = (known.checkpoint, "version \(version) (checkpoint \(known.checkpoint))")
    }
    guard let id, let checkpoint = try await registry.checkpoint(id), checkpoint.pipeline == record.id else {
      throw CommandFailure(
        .usage, "\(name) is not one of '\(record.name)'; 'retrainctl checkpoints' lists them")
    }
    try await verify(checkpoint, name)
    return checkpoint
  }

  /// - Throws: `CommandFailure` where the state is not there, not sound, or of another meaning than the file has.
  func verify(_ checkpoint: CheckpointRecord, _ name: String) async throws {
    guard checkpoint.hasState else {
      let kept = try await registry.checkpoints(pipeline: record.id, run: checkpoint.run, limit: 500)
        .filter { $0.hasState && $0.nonFiniteParameter == nil }.prefix(6).map { String($0.id) }
      throw CommandFailure(
        .usage,
        "nothing can go on from \(name): its state was pruned (checkpoint.keep). "
          + (kept.isEmpty ? "None is kept" : "Kept are the checkpoints \(kept.joined(separator: ", "))")
          + "; 'retrainctl checkpoints' lists them")
    }
    if let layer = checkpoint.nonFiniteParameter {
      throw CommandFailure(
        .usage,
        "nothing can go on from \(name): its parameters are no numbers, in \(layer); it is kept as evidence alone")
    }
    // Bytes that were damaged are found now, not by workers afterwards.
    _ = try await registry.state(of: checkpoint.id)
    _ = try await registry.memory(of: checkpoint.id)
    guard let text = try await registry.contract(ofCheckpoint: checkpoint.id)?.text else { return }
    let contract = try DataContract(text: text)
    let now = DataContract(pipeline.following(contract))
    guard let edit = contract.edits(to: now).first(where: { $0.effect == .changes }) else { return }
    throw CommandFailure(
      .badPipeline,
      "\(name) was learned under another file: \(edit.setting) was \(edit.old ?? "not there") and is "
        + "\(edit.new ?? "gone"): \(edit.meaning). Register the file as it was with 'retrainctl start FILE', which goes on from "
        + "what was learned then, or choose a checkpoint of the file of now ('retrainctl checkpoints' says which contract)"
    )
  }

  /// Whether offsets of a checkpoint are those of the topic that is read now, by the records that both are known by.
  ///
  /// - Returns: nil: nobody can say.
  func isSameTopic(_ checkpoint: CheckpointRecord) async throws -> Bool? {
    let stream = checkpoint.progress.first?.stream ?? record.stream
    if try await registry.streams(sharingTopicWith: record.stream, pipeline: record.id).contains(stream) { return true }
    let marks = try await registry.streamMarks(pipeline: record.id, stream: stream)
    guard !marks.isEmpty else { return nil }
    let broker = try BrokerAccess.enter(pipelineBrokers: pipeline.source.brokers)
    defer { try? broker.leave() }
    let findings = try await StreamCheck.look(
      at: marks, topic: pipeline.source.topic,
      configuration: KafkaConfiguration(
        brokers: broker.addresses, properties: pipeline.source.librdkafka, clientID: "retrainctl"),
      until: .after(.seconds(30)))
    if StreamError(marks, findings, topic: pipeline.source.topic) != nil { return false }
    return findings.values.contains(.same) ? true : nil
  }

  /// Workers take it up by themselves; without any the next start does.
  func begin(_ origin: LineageOrigin) async throws -> Report {
    let lineage: LineageRecord
    do { lineage = try await registry.beginLineage(pipeline: record.id, from: origin) } catch let error as RegistryError
      where error.code == .refused || error.code == .notFound
    {
      throw CommandFailure(.usage, error.message)
    }
    var places: [OffsetStretch.Place] = []
    var before: [Int32: Int64] = [:]
    if let id = lineage.origin, let known = try await registry.checkpoint(id) {
      before = Dictionary(known.progress.map { ($0.partition, $0.skipped) }) { first, _ in first }
    }
    var skipped = lineage.skips.reduce(0) { $0 + $1.count }
    if let first = lineage.checkpoint, let known = try await registry.checkpoint(first) {
      places = known.progress.map { OffsetStretch.Place(partition: $0.partition, offset: $0.nextOffset) }
      skipped += known.progress.reduce(0) { $0 + $1.skipped - (before[$1.partition] ?? 0) }
    }
    let members = try await registry.members(pipeline: record.id, silence: .seconds(5))
    return Report(
      pipeline: record.name, lineage: lineage, places: places, skipped: skipped, isRunning: !members.isEmpty)
  }

  func tell(_ report: Report, _ format: OutputFormat) throws {
    if format.json { return try Console.say(json: report) }
    Console.say("'\(report.pipeline)': \(report.lineage.sentence)")
    Console.say(
      report.isRunning
        ? "its workers begin again with it by themselves; 'retrainctl status' shows them"
        : "it does not run: the next 'retrainctl start' goes on from there")
  }
}

extension OffsetStretch {
  /// Where a partition goes on.
  struct Place: Encodable {
    var partition: Int32
    var offset: Int64
  }
}
