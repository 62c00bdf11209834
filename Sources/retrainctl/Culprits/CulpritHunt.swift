import Confinement
import Evaluation
import Foundation
import Ingest
import Kafka
import Learning
import Pipelines
import Registry
import Tensors
import Vocabulary
import Worker

/// One search for the records that did a model harm. Changes nothing.
struct CulpritHunt: Sendable {
  let registry: Registry
  let record: PipelineRecord
  let incident: IncidentRecord?
  let window: CulpritWindow?
  let measure: CulpritMeasure
  let heldOutMax: Int
  let deadline: Deadline

  /// Records that are searched at most.
  private static let recordsMax = 5_000_000
  /// Fewer held out records say nothing.
  private static let heldOutMin = 100
  /// Models of before that are asked.
  private static let earlierMax = 4

  /// What is searched, with all that this needs.
  private struct Work: Sendable {
    var start: LineageWindow
    var steps: ClosedRange<Int64>
    var windows: [LineageWindow]
    var records: LearnedRecords
    var others: LearnedRecords?
    var heldOut: [RecordFetch.Copy]
    var earlier: [LineageWindow]
    var leftOut: LeftOut
    var largestStep: Int
  }

  func run() async throws -> CulpritReport {
    let head = try await newest()
    let replaying = try await LineageReplaying(registry, record, leadingTo: head, clientID: "retrainctl-culprit")
    defer { try? replaying.broker.leave() }
    let work: Work
    do { work = try await prepare(replaying) } catch let failure as StepReplay.Failure {
      throw CommandFailure(.unavailable, "the steps cannot be made again: \(failure.description)")
    }
    let start = ContinuousClock.now
    do {
      let (finding, learned, agreement) = try await search(work, replaying)
      return CulpritReport(
        pipeline: record.name, incident: incident?.id, topic: replaying.topic, measure: measure.text,
        start: work.start, steps: work.steps, records: work.records, heldOut: work.heldOut.count, finding: finding,
        agreement: agreement, learned: learned, seconds: start.duration(to: .now).seconds)
    } catch let failure as StepReplay.Failure {
      throw CommandFailure(.unavailable, "the steps cannot be made again: \(failure.description)")
    }
  }

  private func newest() async throws -> CheckpointRecord {
    var found: Int64?
    if let incident {
      guard let lineage = try await registry.lineage(ofIncident: incident.id) else {
        throw CommandFailure(.unavailable, "nobody knows which model incident \(incident.id) is of")
      }
      found = try await registry.newestCheckpoint(
        pipeline: record.id, lineage: lineage, atOrAfter: incident.step ?? 0)
    } else {
      found = try await registry.newestCheckpoint(pipeline: record.id)?.id
    }
    guard let found, let head = try await registry.checkpoint(found) else {
      throw CommandFailure(.unavailable, "no checkpoint was saved after the steps in question yet")
    }
    return head
  }

  /// Which steps, by what was said or by what the incident says.
  private func wanted(_ windows: [LineageWindow]) async throws -> ClosedRange<Int64> {
    let last = windows.last?.step ?? 0
    switch window {
    case .steps(let steps):
      guard steps.lowerBound <= last else {
        throw CommandFailure(.usage, "the newest checkpoint is of step \(last), before the window")
      }
      return steps.lowerBound...min(last, steps.upperBound)
    case .times(let times):
      let saved = try await registry.checkpointTimes(windows.map(\.checkpoint))
      let inside = windows.indices.filter { times.contains(saved[windows[$0].checkpoint] ?? .distantPast) }
      guard let first = inside.first, let final = inside.last else {
        throw CommandFailure(.usage, "no checkpoint was saved in that time; 'retrainctl checkpoints' lists them")
      }
      let end = min(windows.count - 1, final + 1)
      return ((first > 0 ? windows[first - 1].step : 0) + 1)...windows[end].step
    case nil:
      guard let step = incident?.step else {
        throw CommandFailure(
          .usage, "incident \(incident?.id ?? 0) does not say in which step it happened: --window says it")
      }
      // A health rule looks at a whole window; what it sees may have begun in the one before.
      let place = windows.firstIndex { $0.step >= step } ?? windows.count - 1
      let first = max(0, place - 1)
      return ((first > 0 ? windows[first - 1].step : 0) + 1)...windows[place].step
    }
  }

  private func prepare(_ replaying: LineageReplaying) async throws -> Work {
    let windows = replaying.windows
    let asked = try await wanted(windows)
    guard let from = windows.lastIndex(where: { $0.hasState && $0.step < asked.lowerBound }) else {
      throw StepReplay.Failure(
        description: "no state from before step \(asked.lowerBound) is kept; the oldest is of step "
          + "\(windows.first(where: \.hasState)?.step ?? 0) ('retrainctl checkpoints')")
    }
    let start = windows[from]
    let behind = windows[(from + 1)...]
    let needed = behind.prefix { $0.step < asked.upperBound } + behind.drop { $0.step < asked.upperBound }.prefix(1)
    if let copy = needed.first(where: \.isCopy) {
      throw StepReplay.Failure(
        description:
          "lineage \(copy.lineage) went on elsewhere within them, at step \(copy.step): choose a --window on one side of it"
      )
    }
    try await replaying.check(Array(needed))
    var ranges: [StepRange] = []
    for window in needed {
      ranges += try await registry.ledger(ofCheckpoint: window.checkpoint).filter { $0.step <= asked.upperBound }
    }
    let steps = (start.step + 1)...asked.upperBound
    guard Set(ranges.map(\.step)).count == steps.count else {
      throw StepReplay.Failure(
        description: "the ledger (training.ledger) has only a part of steps \(steps.lowerBound) to \(steps.upperBound)")
    }
    let records = LearnedRecords(ranges)
    guard records.count <= Self.recordsMax else {
      throw StepReplay.Failure(
        description:
          "the window has \(Wording.count(Int64(records.count))) records, more than \(Wording.count(Int64(Self.recordsMax))): "
          + "choose a shorter one")
    }
    var ends = start.progress.sorted { $0.partition < $1.partition }.map(\.nextOffset)
    for range in ranges where Int(range.partition) < ends.count {
      ends[Int(range.partition)] = max(ends[Int(range.partition)], range.next)
    }
    let heldOut = try await held(behind: ends, replaying)
    return Work(
      start: start, steps: steps, windows: Array(needed), records: records,
      others: try await others(before: from, windows, steps: steps.count), heldOut: heldOut,
      earlier: Array(
        windows[..<from].filter { $0.hasState && $0.lineage == start.lineage }.suffix(Self.earlierMax)),
      leftOut: try await replaying.leftOut(),
      largestStep: Dictionary(grouping: ranges, by: \.step).values.map { $0.reduce(0) { $0 + Int($1.next - $1.from) } }
        .max() ?? 1)
  }

  /// Steps from before the window: what else the model might have learned.
  private func others(before place: Int, _ windows: [LineageWindow], steps: Int) async throws -> LearnedRecords? {
    var ranges: [StepRange] = []
    var index = place
    while index >= 0, Set(ranges.map(\.step)).count < steps, !windows[index].isCopy {
      let more = try await registry.ledger(ofCheckpoint: windows[index].checkpoint)
      guard !more.isEmpty else { break }
      ranges = more + ranges
      index -= 1
    }
    return ranges.isEmpty ? nil : LearnedRecords(ranges)
  }

  /// Records that follow the window, as many of each partition.
  private func held(behind ends: [Int64], _ replaying: LineageReplaying) async throws -> [RecordFetch.Copy] {
    let share = max(1, Int64(heldOutMax / max(1, ends.count)))
    var copies: [RecordFetch.Copy] = []
    for (partition, end) in ends.enumerated() {
      let places = (end..<(end + share)).map {
        RecordPosition(topic: replaying.topic, partition: Int32(partition), offset: $0)
      }
      let answer = try await RecordFetch.read(
        places, configuration: replaying.configuration, until: deadline.or(.after(.seconds(60))))
      copies += places.compactMap { answer.copies[$0] }
    }
    guard copies.count >= Self.heldOutMin else {
      throw CommandFailure(
        .unavailable,
        "only \(copies.count) records follow the window in the topic, and \(Self.heldOutMin) at least are needed to see harm by: let "
          + "some more come, or choose an earlier --window")
    }
    return copies
  }

  // MARK: On the replay's thread

  private func search(
    _ work: Work, _ replaying: LineageReplaying
  ) async throws -> (CulpritSearch.Finding, Int, StepReplay.Agreement) {
    let origin = try await replaying.origin(from: work.start.checkpoint)
    var earlier: [[UInt8]] = []
    for window in work.earlier {
      if let state = try? await registry.within(.seconds(60)).state(of: window.checkpoint) { earlier.append(state) }
    }
    let book = StepReplay.book(origin.pipeline, classes: origin.state.classes)
    let feed = try KafkaReplayFeed(origin.pipeline, configuration: replaying.configuration, book: book)
    let (states, registry, deadline, rows) = (earlier, registry, deadline, max(1024, work.largestStep))
    do {
      let answer = try await onDedicatedThread(named: "culprit") {
        prepareArithmeticThread()
        let replay = try StepReplay(origin, rowsMax: rows, book: book)
        replay.follow(registry, work.windows, known: work.leftOut)
        let heldOut = try heldOut(work.heldOut, origin.pipeline, replay.learner, rows: rows)
        guard heldOut.count >= Self.heldOutMin else {
          throw CommandFailure(
            .unavailable,
            "only \(heldOut.count) labelled records behind the window count for \(measure.text), and \(Self.heldOutMin) at least are "
              + "needed to see harm by: --held-out looks at more")
        }
        var values: [HeldOutValues] = []
        for state in states {
          let other = LearnerSpec(origin.pipeline).makeModel(batchCapacity: rows)
          // A state of another model is no measure for this one.
          guard (try? other.restoreState(state)) != nil else { continue }
          if origin.pipeline.schema.label.findsClasses { other.know(classes: origin.state.classes.count) }
          values.append(heldOut.values(other))
        }
        let search = CulpritReplay(
          replay, work.records, others: work.others, heldOut: heldOut, feed: feed, leavingOut: work.leftOut,
          ends: [], until: deadline)
        return (try search.find(earlier: values), search.learned, replay.agreement)
      }
      await feed.close()
      return answer
    } catch {
      await feed.close()
      throw error
    }
  }

  private func heldOut(
    _ copies: [RecordFetch.Copy], _ pipeline: Pipeline, _ learner: any Model, rows: Int
  ) throws -> HeldOutRecords {
    let held = HeldOutRecords(pipeline, try columns(pipeline), rowsMax: rows)
    let decoder = RecordDecoder(replaying: pipeline)
    if pipeline.schema.label.findsClasses { decoder.know(classes: pipeline.schema.label.classes, isAll: true) }
    var slice: (path: FieldPath, value: String)?
    if case .slice(let feature, let value) = measure {
      let path = pipeline.schema.features.first { $0.name == feature }?.path ?? feature
      guard let path = FieldPath(path) else {
        throw CommandFailure(.usage, "--measure: '\(feature)' is neither a feature nor a path in records")
      }
      slice = (path, value)
    }
    for first in stride(from: 0, to: copies.count, by: rows) {
      let part = copies[first..<min(copies.count, first + rows)]
      let batch = learner.batchShape.makeBatch(capacity: rows, weighsRecords: pipeline.schema.weight != nil)
      var counts: [Bool] = []
      for copy in part {
        var eventTime = Double.nan
        batch.keys[batch.count] = UInt64(first + batch.count)
        batch.count += 1
        let row = batch.count - 1
        let outcome = withUnsafeMutablePointer(to: &eventTime) { eventTime in
          copy.value.withUnsafeBytes {
            decoder.decode($0, into: ExampleSlot(row: row, of: batch, eventTime: eventTime))
          }
        }
        guard case .example = outcome else {
          batch.count -= 1
          continue
        }
        counts.append(slice.map { RecordIdentity.text(at: $0.path, in: Data(copy.value)) == $0.value } ?? true)
      }
      if batch.count > 0 { held.add(batch, counts: counts) }
    }
    return held
  }

  private func columns(_ pipeline: Pipeline) throws -> HeldOutRecords.Measure {
    switch measure {
    case .loss: return .loss
    case .slice: return .slice
    case .feature(let name):
      let numbers = pipeline.schema.numericFeatures.indices.filter { pipeline.schema.numericFeatures[$0].name == name }
      var (categories, column): ([Int], Int) = ([], 0)
      for input in pipeline.schema.categoryInputs {
        if input.name == name { categories += Array(column..<(column + input.categoryColumns)) }
        column += input.categoryColumns
      }
      guard !numbers.isEmpty || !categories.isEmpty else {
        throw CommandFailure(
          .usage,
          "--measure feature: there is no numeric or category feature '\(name)'; there is: "
            + pipeline.schema.features.map(\.name).joined(separator: ", "))
      }
      return .feature(numbers: Array(numbers), categories: categories)
    }
  }
}
