import Confinement
import Evaluation
import Foundation
import Ingest
import Learning
import Pipelines
import Registry
import Tensors
import Testing
import Vocabulary
import Worker

/// Flights of the repository, dealt over partitions in their order, some with the opposite label.
final class FlightsFeed: RowFeed, @unchecked Sendable {  // The rows are only read.
  private let rows: FeatureBatch
  private let eventTimes: [Double]
  private let partitions: Int
  let flipped: Range<Int>

  /// - Parameter flipped: Of the flights, in their order.
  init(_ rows: FeatureBatch, eventTimes: [Double], partitions: Int, flipped: Range<Int>) {
    (self.rows, self.eventTimes, self.partitions, self.flipped) = (rows, eventTimes, partitions, flipped)
  }

  /// The first flights of the file.
  static func load(_ pipeline: Pipeline, count: Int) throws -> (rows: FeatureBatch, eventTimes: [Double]) {
    let handle = try FileHandle(forReadingFrom: URL(filePath: "\(repository)/Pipelines/data/flights.jsonl.zst"))
    defer { try? handle.close() }
    let lines = LineReader(Decompressor { try handle.read(upToCount: 1 << 18).map { Array($0) } })
    let decoder = RecordDecoder(replaying: pipeline)
    let rows = LearnerSpec(pipeline).makeModel(batchCapacity: 1).batchShape.makeBatch(capacity: count)
    var eventTimes: [Double] = []
    var eventTime = Double.nan
    while rows.count < count {
      let outcome = try withUnsafeMutablePointer(to: &eventTime) { eventTime in
        try lines.withNext { decoder.decode($0, into: ExampleSlot(row: rows.count, of: rows, eventTime: eventTime)) }
      }
      guard outcome == .example else { break }
      rows.count += 1
      eventTimes.append(eventTime)
    }
    return (rows, eventTimes)
  }

  static var repository: String {
    var parts = #filePath.split(separator: "/")
    parts.removeLast(3)
    return "/" + parts.joined(separator: "/")
  }

  /// Flights as they are.
  func batch(from first: Int, count: Int, shape: BatchShape) -> FeatureBatch {
    let batch = shape.makeBatch(capacity: count)
    batch.numbers.update(from: rows.numbers + first * rows.numberCount, count: count * rows.numberCount)
    batch.categories.update(from: rows.categories + first * rows.categoryCount, count: count * rows.categoryCount)
    batch.labels.update(from: rows.labels + first * rows.labelCount, count: count * rows.labelCount)
    for row in 0..<count { batch.keys[row] = UInt64(first + row) }
    batch.count = count
    return batch
  }

  func holds(_ partition: Int32, _ offset: Int64) -> Bool { Int(offset) * partitions + Int(partition) < rows.count }

  func put(_ offset: Int64, into buffer: PartitionBuffer) {
    guard let slot = buffer.beginSlot() else { preconditionFailure("no room for offset \(offset)") }
    let row = Int(offset) * partitions + Int(buffer.partition)
    slot.numbers.update(from: rows.numbers + row * rows.numberCount, count: rows.numberCount)
    slot.categories.update(from: rows.categories + row * rows.categoryCount, count: rows.categoryCount)
    let label = rows.labels[row * rows.labelCount]
    slot.labels[0] = flipped.contains(row) ? 1 - label : label
    slot.eventTime.pointee = eventTimes[row]
    buffer.commitExample(offset: offset)
  }
}

@Suite("Flights with opposite labels", .serialized)
struct FlightsCulpritTests {
  /// What the search says of a window of the flights, some of which have the opposite label.
  ///
  /// - Parameters:
  ///   - flipped: Of the flights of the window.
  private static func find(after learned: Int, length: Int, flipped: Range<Int>) async throws -> CulpritSearch.Finding {
    let path = "\(FlightsFeed.repository)/Pipelines/network.yaml"
    let pipeline = try PipelineParser.parse(text: try String(contentsOfFile: path, encoding: .utf8), fileName: path) {
      _ in nil
    }
    return try await onDedicatedThread(named: "culprit") {
      prepareArithmeticThread()
      let (partitions, each, heldOutCount) = (pipeline.source.partitions, pipeline.training.recordsPerPartition, 4096)
      let (rows, times) = try FlightsFeed.load(pipeline, count: learned + length + heldOutCount)
      let feed = FlightsFeed(
        rows, eventTimes: times, partitions: partitions,
        flipped: (learned + flipped.lowerBound)..<(learned + flipped.upperBound))
      func records(_ flights: Range<Int>) -> LearnedRecords {
        let steps = (flights.lowerBound / partitions / each)..<(flights.upperBound / partitions / each)
        return LearnedRecords(
          steps.flatMap { step in
            (0..<partitions).map { partition in
              StepRange(
                step: Int64(step + 1), partition: Int32(partition), from: Int64(step * each),
                next: Int64((step + 1) * each), trained: Int64(each), rejected: 0)
            }
          })
      }
      let replay = try StepReplay(
        StepReplay.Origin(
          beginning: pipeline, at: (0..<Int32(partitions)).map { PartitionProgress(partition: $0, startOffset: 0) }),
        rowsMax: 1024)
      let before = records(0..<learned)
      try replay.run(
        .recorded(HeldLedger(before.steps(after: 0, upTo: .max))), feed: feed,
        ends: Array(repeating: Int64(learned / partitions), count: partitions), until: .after(.seconds(300)))
      let heldOut = HeldOutRecords(pipeline, .loss, rowsMax: 1024)
      for part in 0..<(heldOutCount / 1024) {
        heldOut.add(feed.batch(from: learned + length + part * 1024, count: 1024, shape: replay.learner.batchShape))
      }
      let search = CulpritReplay(
        replay, records(learned..<(learned + length)), others: nil, heldOut: heldOut, feed: feed, ends: [],
        until: .after(.seconds(300)))
      return try search.find()
    }
  }

  @Test("flights that were learned the wrong way round are blamed, though the harm has healed by the end of the window")
  func flipped() async throws {
    let flipped = 6000..<10_000
    let finding = try await Self.find(after: 20_000, length: 24_000, flipped: flipped)
    let found = finding.records ?? 0..<0
    #expect(finding.verdict == .input, "\(finding)")
    #expect(found.count >= 500 && found.clamped(to: flipped).count * 10 >= found.count * 9, "\(finding)")
  }

  @Test("days on which many flights are late are no harm", arguments: [20_000, 50_000, 80_000])
  func storms(learned: Int) async throws {
    let finding = try await Self.find(after: learned, length: 16_000, flipped: 0..<0)
    #expect(finding.verdict == .transient && finding.records == nil && finding.passes == 1, "\(finding)")
  }
}
