import Foundation
import Kafka
import Pipelines
import Registry
import Vocabulary
import Worker

/// Looks at an incident's records again, with the state that is kept nearest to it. Changes nothing.
struct IncidentReproduction {
  let registry: Registry
  let incident: IncidentRecord
  let record: PipelineRecord
  /// The checkpoint to begin with; nil: the nearest one before.
  let wanted: Int64?
  /// The steps between are made again even where records need no other state to go bad.
  let replays: Bool
  /// Records at most.
  let limit: Int
  /// Steps that are made again at most.
  let stepsMax: Int64
  let deadline: Deadline

  private static let statePatience = Duration.seconds(60)

  func run() async throws -> Reproduction {
    guard let step = incident.step else {
      throw CommandFailure(.usage, "incident \(incident.id) does not say in which step it happened")
    }
    guard let lineage = try await registry.lineage(ofIncident: incident.id) else {
      throw CommandFailure(.unavailable, "nobody knows which model incident \(incident.id) is of")
    }
    let checkpoint = try await chooseCheckpoint(lineage, step)
    let named = try await named(step, lineage)
    let today = try PipelineFile(text: record.specification, name: record.name).pipeline
    // What the numbers meant when they were learned, whatever the file says by now.
    let contract = try await registry.contract(ofCheckpoint: checkpoint.id)
    let pipeline = try contract.map { today.under(try DataContract(text: $0.text)) } ?? today.following(nil)
    let patient = registry.within(Self.statePatience)
    let walks = RecordWalks(
      pipeline: pipeline, state: try await patient.state(of: checkpoint.id),
      memory: try await patient.memory(of: checkpoint.id), deadline: deadline)

    let positions = Array(named.prefix(limit))
    let broker = try enterBroker(today)
    defer { try? broker.leave() }
    let configuration = KafkaConfiguration(
      brokers: broker.addresses, properties: today.source.librdkafka, clientID: "retrainctl-reproduce")
    let streams = Set(positions.map(\.partition)).map { partition in
      checkpoint.progress.first { $0.partition == partition }?.stream ?? record.stream
    }
    let (found, missing) = try await IncidentRecords(configuration: configuration, source: today.source).read(
      positions, isSameStream: streams.allSatisfy { $0 == record.stream },
      until: deadline.or(.after(.seconds(60))))
    guard !found.isEmpty else {
      throw CommandFailure(
        .unavailable, "the record \(positions[0]) cannot be read: \(missing ?? "there was no more time")")
    }
    var state = Reproduction.State(
      checkpoint: checkpoint.id, checkpointStep: checkpoint.step, savedAt: checkpoint.createdAt,
      isChosen: wanted != nil,
      step: checkpoint.step)
    var records = try await walks.walk(found).records
    let differs = records.contains { !$0.isReproduced || incident.layer != nil && $0.layer != incident.layer }
    if replays || differs, checkpoint.step < step {
      do {
        let steps = try await steps(
          from: checkpoint, to: step, lineage, pipeline, configuration,
          isSameStream: streams.allSatisfy { $0 == record.stream })
        let answer: RecordWalks.Answer
        do { answer = try await walks.walk(found, after: steps) } catch {
          await steps.feed.close()
          throw error
        }
        await steps.feed.close()
        records = answer.records
        (state.replay, state.step) = (answer.agreement, step)
      } catch let failure as StepReplay.Failure {
        state.gap = failure.description
      } catch let error as KafkaError {
        state.gap = error.description
      }
    }
    return Reproduction(
      incident: incident.id, pipeline: record.name, kind: incident.kind, incidentStep: step, state: state,
      records: records, missing: positions.count - records.count, missingReason: missing,
      leftOut: named.count - positions.count,
      isWholeStep: incident.positions.isEmpty)
  }

  /// The records that the incident names; where it names none, all of the step of which the sum overflowed.
  private func named(_ step: Int64, _ lineage: Int) async throws -> [RecordPosition] {
    guard incident.positions.isEmpty else { return incident.positions }
    let recorded = try await registry.recordedSteps(
      pipeline: record.id, lineage: lineage, steps: (step + 1)...(step + 1))
    guard recorded.isWhole, let decision = recorded.decisions[step + 1] else {
      throw CommandFailure(
        .usage,
        "incident \(incident.id) names no record, as the update of the step after \(step) overflowed in sum, and no ledger "
          + "(training.ledger) says which records it had; 'retrainctl health' shows which layer is near its limits")
    }
    let source = try PipelineFile(text: record.specification, name: record.name).pipeline.source
    let positions = recorded.ranges.flatMap { range in
      (range.from..<range.next).map { RecordPosition(topic: source.topic, partition: range.partition, offset: $0) }
    }
    return positions.filter { position in
      recorded.leftOut.stretch(at: position.offset, of: position.partition) == nil
        && !decision.skips.contains { $0.partition == position.partition && $0.offset == position.offset }
    }
  }

  private func chooseCheckpoint(_ lineage: Int, _ step: Int64) async throws -> CheckpointRecord {
    if let wanted {
      let chosen = try await registry.chooseCheckpoint(of: record, checkpoint: wanted, version: nil)
      guard chosen.lineage == lineage else {
        throw CommandFailure(
          .usage, "checkpoint \(wanted) is of another model (lineage \(chosen.lineage)) than the incident (\(lineage))")
      }
      guard chosen.hasState else {
        throw CommandFailure(
          .unavailable,
          "the state of checkpoint \(wanted) was pruned; 'retrainctl checkpoints' lists those that are kept")
      }
      return chosen
    }
    guard let nearest = try await registry.checkpoint(pipeline: record.id, lineage: lineage, near: step) else {
      throw CommandFailure(
        .unavailable,
        "no state of the model that incident \(incident.id) is of (lineage \(lineage)) is kept: its checkpoints were pruned, or "
          + "none was ever saved")
    }
    return nearest
  }

  /// What is in a broker of our own that ended with its last process is gone.
  private func enterBroker(_ pipeline: Pipeline) throws -> BrokerAccess {
    do {
      return try BrokerAccess.enter(pipelineBrokers: pipeline.source.brokers, mayForget: false)
    } catch let failure as CommandFailure where failure.code == .unavailable {
      throw CommandFailure(
        .unavailable, "the records of incident \(incident.id) cannot be read: \(failure.message)")
    }
  }

  /// The steps between the checkpoint and the incident, with their records.
  private func steps(
    from checkpoint: CheckpointRecord, to step: Int64, _ lineage: Int, _ pipeline: Pipeline,
    _ configuration: KafkaConfiguration, isSameStream: Bool
  ) async throws -> RecordWalks.Steps {
    let count = step - checkpoint.step
    guard count <= stepsMax else {
      throw StepReplay.Failure(description: "they are \(Wording.count(count)), more than --steps \(stepsMax)")
    }
    guard isSameStream else { throw StepReplay.Failure(description: "the topic was made anew since") }
    guard let end = try await registry.newestCheckpoint(pipeline: record.id, lineage: lineage, atOrAfter: step) else {
      throw StepReplay.Failure(description: "no checkpoint was saved after them")
    }
    let windows = try await registry.windows(leadingTo: end)
    guard let first = windows.firstIndex(where: { $0.checkpoint == checkpoint.id }) else {
      throw StepReplay.Failure(description: "checkpoint \(checkpoint.id) does not lead to them")
    }
    let between = Array(windows[(first + 1)...].prefix { $0.step - windows[first].step < count })
    let needed = Array(windows[(first + 1)...].prefix(between.count + 1))
    guard needed.allSatisfy({ $0.contract == checkpoint.contract }) || pipeline.schema.label.findsClasses else {
      throw StepReplay.Failure(description: "schema or model were edited between")
    }
    let extent = try await registry.ledgerExtent(ofCheckpoints: needed.map(\.checkpoint))
    guard extent.steps > 0 else {
      throw StepReplay.Failure(description: "no ledger was kept of them (training.ledger)")
    }
    let book = StepReplay.book(pipeline, classes: pipeline.schema.label.classes)
    return RecordWalks.Steps(
      origin: try await StepReplay.Origin(checkpoint, pipeline, in: registry.within(Self.statePatience)),
      ledger: RegistryReplayLedger(registry, windows: needed, steps: (checkpoint.step + 1)...step),
      feed: try KafkaReplayFeed(pipeline, configuration: configuration, book: book), book: book,
      ends: needed[needed.count - 1].progress.map(\.nextOffset), largestStep: extent.largestStep,
      leftOut: try await registry.leftOut(needed, of: record), registry: registry, windows: needed)
  }
}
