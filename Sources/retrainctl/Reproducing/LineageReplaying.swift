import Confinement
import Foundation
import Ingest
import Kafka
import Learning
import Pipelines
import Registry
import Tensors
import Vocabulary
import Worker

/// A lineage of a pipeline whose steps are to be made again, with all that this needs: its windows, its topic, its settings as they
/// were when it learned.
struct LineageReplaying: Sendable {
  let registry: Registry
  let record: PipelineRecord
  /// From its first checkpoint to the newest.
  let windows: [LineageWindow]
  let broker: BrokerAccess
  let configuration: KafkaConfiguration
  /// As the newest checkpoint was learned.
  let pipeline: Pipeline
  /// Those that read the topic as it is now.
  let streams: [Int]
  var topic: String { pipeline.source.topic }

  /// What came of a replay.
  struct Outcome: Sendable {
    var step: Int64
    var records: Int64
    var agreement: StepReplay.Agreement
    /// nil: no step was made.
    var first: CheckpointDraft?
    var progress: [PartitionProgress]
  }

  init(
    _ registry: Registry, _ record: PipelineRecord, leadingTo head: CheckpointRecord, clientID: String
  ) async throws {
    (self.registry, self.record) = (registry, record)
    windows = try await registry.windows(leadingTo: head.id)
    let today = try PipelineFile(text: record.specification, name: record.name).pipeline
    let contract = try await registry.contract(ofCheckpoint: head.id)
    let learned = try contract.map { today.under(try DataContract(text: $0.text)) } ?? today.following(nil)
    pipeline = learned.with(try await registry.lineage(head.lineage, pipeline: record.id)?.overrides ?? .none)
    streams = try await registry.streams(sharingTopicWith: record.stream, pipeline: record.id).sorted()
    broker = try BrokerAccess.enter(pipelineBrokers: today.source.brokers, mayForget: false)
    configuration = KafkaConfiguration(
      brokers: broker.addresses, properties: today.source.librdkafka, clientID: clientID)
  }

  /// What the lineages of the windows leave out.
  func leftOut() async throws -> LeftOut { try await registry.leftOut(windows, of: record) }

  /// Whether the steps of some windows were all made as the pipeline makes them, and from the topic that is there now.
  func check(_ windows: [LineageWindow]) async throws {
    let steps = windows.filter { !$0.isCopy }
    if let window = windows.first(where: { $0.progress.contains { !streams.contains($0.stream) } }) {
      throw StepReplay.Failure(description: "the topic was made anew after step \(window.step)")
    }
    var contracts: Set<String> = []
    for number in Set(steps.compactMap(\.contract)) {
      guard let window = steps.first(where: { $0.contract == number }),
        let contract = try await registry.contract(ofCheckpoint: window.checkpoint)
      else { continue }
      var meaning = try DataContract(text: contract.text)
      if meaning.schema.label.findsClasses { meaning.schema.label.classes = [] }
      contracts.insert(meaning.text)
    }
    guard contracts.count <= 1 else {
      throw StepReplay.Failure(description: "schema or model were edited within the steps that would be made again")
    }
    var overrides: Set<LearningOverrides> = []
    for lineage in Set(steps.map(\.lineage)) {
      overrides.insert(try await registry.lineage(lineage, pipeline: record.id)?.overrides ?? .none)
    }
    guard overrides.count <= 1 else {
      throw StepReplay.Failure(
        description: "'retrainctl rewind' has changed settings of training within the steps that would be made again")
    }
  }

  /// Whether the topic holds all that a plan needs.
  func checkLog(_ plan: ReplayPlan, until deadline: Deadline) async throws {
    let feed = try KafkaReplayFeed(pipeline, configuration: configuration, book: nil)
    do {
      try await feed.begin(starts(of: plan), upTo: ends(of: plan), until: deadline)
      await feed.close()
    } catch {
      await feed.close()
      throw error
    }
  }

  private func starts(of plan: ReplayPlan) -> [Int32: Int64] {
    Dictionary(
      (plan.start?.progress.map { ($0.partition, $0.nextOffset) })
        ?? plan.windows[0].progress.map { ($0.partition, $0.startOffset) }
    ) { $1 }
  }

  private func ends(of plan: ReplayPlan) -> [Int32: Int64] {
    Dictionary(uniqueKeysWithValues: plan.end.progress.map { ($0.partition, $0.nextOffset) })
  }

  /// What the steps of a plan begin with.
  func origin(of plan: ReplayPlan) async throws -> StepReplay.Origin {
    guard let start = plan.start else {
      var beginning = pipeline
      if beginning.schema.label.findsClasses { beginning.schema.label.classes = [] }
      return StepReplay.Origin(
        beginning: beginning,
        at: plan.windows[0].progress.sorted { $0.partition < $1.partition }.map {
          PartitionProgress(partition: $0.partition, startOffset: $0.startOffset, stream: record.stream)
        })
    }
    return try await self.origin(from: start.checkpoint)
  }

  /// What a checkpoint holds, with the pipeline as it was then.
  func origin(from number: Int64) async throws -> StepReplay.Origin {
    let patient = registry.within(.seconds(60))
    guard let checkpoint = try await patient.checkpoint(number) else {
      throw StepReplay.Failure(description: "checkpoint \(number) is gone")
    }
    var learned = pipeline
    if learned.schema.label.findsClasses, let contract = try await registry.contract(ofCheckpoint: checkpoint.id) {
      learned.schema.label.classes = try DataContract(text: contract.text).schema.label.classes
    }
    return try await StepReplay.Origin(checkpoint, learned, in: patient)
  }

  /// Makes the steps of a plan again without some records.
  func replay(
    _ plan: ReplayPlan, leavingOut records: LeftOut, known: LeftOut, isDealt: Bool, until deadline: Deadline
  ) async throws -> Outcome {
    let origin = try await origin(of: plan)
    let extent = try await registry.ledgerExtent(ofCheckpoints: plan.windows.map(\.checkpoint))
    let book = StepReplay.book(origin.pipeline, classes: origin.state.classes)
    let feed = try KafkaReplayFeed(origin.pipeline, configuration: configuration, book: book)
    let (registry, pipelineID) = (registry, record.id)
    do {
      let outcome = try await onDedicatedThread(named: "replay") {
        prepareArithmeticThread()
        let replay = try StepReplay(origin, rowsMax: extent.largestStep, book: book)
        replay.follow(registry, plan.windows, known: known)
        let before = replay.state.consumed
        for segment in plan.segments {
          if let place = segment.jump { replay.jump(to: place) }
          let course: StepReplay.Course =
            isDealt
            ? .dealt(isDrained: segment.isDrained)
            : .recorded(RegistryReplayLedger(registry, windows: segment.windows, steps: segment.steps))
          try replay.run(
            course, feed: feed, ends: segment.ends, leavingOut: LeftOut(known.all + records.all), until: deadline)
        }
        // A checkpoint has one end: what was drained on the way is not told by it.
        let isEnd = plan.segments.dropLast().contains(where: \.isDrained) ? nil : plan.segments.last?.isDrained
        return Outcome(
          step: replay.state.step, records: replay.state.consumed - before, agreement: replay.agreement,
          first: try replay.checkpoint(pipeline: pipelineID, parent: plan.start?.checkpoint, isEnd: isEnd),
          progress: replay.state.progress)
      }
      await feed.close()
      return outcome
    } catch {
      await feed.close()
      throw error
    }
  }
}

extension Registry {
  /// What the lineages of some windows leave out.
  func leftOut(_ windows: [LineageWindow], of record: PipelineRecord) async throws -> LeftOut {
    var all: [OffsetStretch] = []
    for number in Set(windows.map(\.lineage)) { all += try await lineage(number, pipeline: record.id)?.skips ?? [] }
    return LeftOut(all)
  }
}
