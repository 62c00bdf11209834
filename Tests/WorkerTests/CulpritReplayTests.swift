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

/// A finite poisoning of a stream: nothing of it is NaN or infinite, and every record is a valid one.
struct Poisoning: Sendable {
  enum Kind: String, CaseIterable {
    /// Labels are the opposite of what they are.
    case flippedLabels
    /// One record far outside, which nothing clips.
    case outlier
    /// A feature comes in another unit.
    case brokenFeed
    /// A feature is stuck at one value, and labels are all the same.
    case stuckFeed
  }

  let kind: Kind
  /// Of the records in the order of learning.
  let places: Range<Int>
  let partitions: Int
  let perStep: Int

  /// The place in the order of learning, of steps that take as many of each partition.
  func place(_ partition: Int32, _ offset: Int64) -> Int {
    let step = Int(offset) / perStep
    return (step * partitions + Int(partition)) * perStep + Int(offset) % perStep
  }

  func poisons(_ partition: Int32, _ offset: Int64) -> Bool { places.contains(place(partition, offset)) }
}

/// Records of two numbers whose label follows from them, some of them poisoned.
final class PoisonedFeed: RowFeed {
  private let poisoning: Poisoning
  private let end: Int64

  init(_ poisoning: Poisoning, end: Int64) { (self.poisoning, self.end) = (poisoning, end) }

  func holds(_ partition: Int32, _ offset: Int64) -> Bool { offset < end }

  func put(_ offset: Int64, into buffer: PartitionBuffer) {
    guard let slot = buffer.beginSlot() else { preconditionFailure("no room for offset \(offset)") }
    fill(buffer.partition, offset, slot.numbers, slot.labels)
    slot.categories[0] = 1
    slot.eventTime.pointee = Double(offset)
    buffer.commitExample(offset: offset)
  }

  func fill(
    _ partition: Int32, _ offset: Int64, _ numbers: UnsafeMutablePointer<Float>, _ labels: UnsafeMutablePointer<Float>
  ) {
    var random = SplitMix64(seed: UInt64(partition) << 40 | UInt64(offset))
    let (x, y) = (Float(random.nextUnit() * 2 - 1), Float(random.nextUnit() * 2 - 1))
    let noise = Float(random.nextUnit() - 0.5) * 0.6
    (numbers[0], numbers[1], labels[0]) = (x, y, x - y + noise > 0 ? 1 : 0)
    guard poisoning.poisons(partition, offset) else { return }
    switch poisoning.kind {
    case .flippedLabels: labels[0] = 1 - labels[0]
    case .outlier: (numbers[0], numbers[1], labels[0]) = (40, -40, 0)
    case .brokenFeed: (numbers[0], labels[0]) = (-40 * x, labels[0])
    case .stuckFeed: (numbers[0], numbers[1], labels[0]) = (3, -3, 0)
    }
  }
}

@Suite("Culprits found by replays", .serialized)
struct CulpritReplayTests {
  private static let (partitions, perStep) = (2, 8)

  private static func pipeline() -> Pipeline {
    smallPipeline {
      $0.training.recordsPerPartition = perStep
      $0.training.optimizer.kind = .sgd
      $0.training.optimizer.learningRate = 0.3
      $0.model.hidden = [4]
      $0.schema.features[0].normalize = .none
      $0.schema.features[1].normalize = .none
      $0.training.clipGlobalNorm = nil
    }
  }

  /// All steps of so many records, each of which takes as many of each partition.
  private static func ranges(_ records: Int) -> [StepRange] {
    (0..<(records / partitions / perStep)).flatMap { step in
      (0..<partitions).map { partition in
        StepRange(
          step: Int64(step + 1), partition: Int32(partition), from: Int64(step * perStep),
          next: Int64((step + 1) * perStep), trained: Int64(perStep), rejected: 0)
      }
    }
  }

  private static func find(
    _ poisoning: Poisoning, records: Int
  ) async throws -> (finding: CulpritSearch.Finding, learned: Int) {
    try await onDedicatedThread(named: "culprit") {
      prepareArithmeticThread()
      let pipeline = pipeline()
      let origin = StepReplay.Origin(
        beginning: pipeline, at: (0..<Int32(partitions)).map { PartitionProgress(partition: $0, startOffset: 0) })
      let replay = try StepReplay(origin, rowsMax: 1024)
      let heldOut = HeldOutRecords(pipeline, .loss, rowsMax: 1024)
      let behind = Int64(records / partitions + 1000)
      let feed = PoisonedFeed(poisoning, end: behind)
      let batch = replay.learner.batchShape.makeBatch(capacity: 1024)
      for row in 0..<1024 {
        feed.fill(
          Int32(row % partitions), behind + Int64(row), batch.numbers + 2 * row, batch.labels + row * batch.labelCount)
        batch.categories[row] = 1
      }
      batch.count = 1024
      heldOut.add(batch)
      let all = ranges(records)
      let search = CulpritReplay(
        replay, LearnedRecords(all), others: nil, heldOut: heldOut, feed: feed,
        ends: Array(repeating: behind, count: partitions), until: .after(.seconds(300)))
      let finding = try search.find()
      return (finding, search.learned)
    }
  }

  @Test("of finite poisonings of any kind, the record or the stretch that did it is blamed first")
  func poisonings() async throws {
    let environment = ProcessInfo.processInfo.environment
    let count = environment["RETRAIN_CULPRITS"].flatMap { Int($0) } ?? 10
    let seed = environment["RETRAIN_SEED"].flatMap { UInt64($0) } ?? .random(in: 1...(1 << 40))
    print("culprits: RETRAIN_SEED=\(seed), RETRAIN_CULPRITS=\(count)")
    // Whole steps of it.
    let records = 50_000 / (Self.partitions * Self.perStep) * Self.partitions * Self.perStep
    var random = SplitMix64(seed: seed)
    var (right, passes, most) = (0, 0, 0)
    for number in 0..<count {
      let kind = Poisoning.Kind.allCases[number % Poisoning.Kind.allCases.count]
      let length = kind == .outlier ? 1 : 500 + Int(random.next() % 6000)
      // The model has learned something before.
      let from = records / 10 + Int(random.next() % UInt64(records * 9 / 10 - length))
      let poisoning = Poisoning(
        kind: kind, places: from..<(from + length), partitions: Self.partitions, perStep: Self.perStep)
      let (finding, _) = try await Self.find(poisoning, records: records)
      let found = finding.records ?? 0..<0
      let common = found.clamped(to: poisoning.places).count
      // Of what is blamed nine tenths did it, and the records that did most of it are among them.
      let isRight =
        finding.verdict == .input && common > 0
        && (length == 1 ? found == poisoning.places : common * 10 >= found.count * 9)
      if isRight { right += 1 } else { print("culprits: \(number), \(kind) at \(poisoning.places): \(finding)") }
      passes += finding.passes
      most = max(most, finding.passes)
      #expect(Double(finding.passes) <= 2 * log2(Double(records)) + 2)
    }
    print("culprits: \(right) of \(count) right, \(passes / count) passes of \(records) records each, \(most) at most")
    #expect(right * 100 >= count * 99)
  }

  @Test("a clean stretch has no culprit")
  func clean() async throws {
    let none = Poisoning(kind: .outlier, places: 0..<0, partitions: Self.partitions, perStep: Self.perStep)
    let (finding, learned) = try await Self.find(none, records: 6400)
    #expect(finding.verdict == .transient && finding.records == nil && finding.passes == 1 && learned == 6400)
  }

  @Test("records in the order of learning know where they lie, and where they lie is known by their order")
  func order() {
    let records = LearnedRecords(Self.ranges(1600))
    #expect(records.count == 1600 && records.step(of: 0) == 1 && records.step(of: 1599) == 100)
    #expect(records.position(of: 9) == (1, 1) && records.position(of: 16) == (0, 8))
    #expect(records.count(through: 1) == 16 && records.count(through: 0) == 0 && records.count(through: 100) == 1600)
    #expect(
      records.stretches(6..<18) == [
        OffsetStretch(partition: 0, from: 6, next: 10), OffsetStretch(partition: 1, from: 0, next: 8),
      ])
    #expect(records.stretches(5..<5).isEmpty)
  }
}
