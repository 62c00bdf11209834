import CAllocationCounter
import Collectives
import Pipelines
import Testing
import Vocabulary
import Worker

@Suite("Allocations", .serialized)
struct WorkerAllocationTests {
  @Test(
    "a warm step asks for no memory: taking, learning, agreeing, accounting; also of a few records of many partitions",
    arguments: [(2, nil, false), (64, 16, false), (64, 16, true)] as [(Int, Int?, Bool)])
  func steps(partitions: Int, recordsPerStep: Int?, isReproducible: Bool) throws {
    let collective = CountingCollective(from: 40, to: 140)
    let result = try Self.run(
      collective, MemoryStream(partitionCount: partitions, recordsPerPartition: 1000, hasMarks: true)
    ) {
      $0.training.recordsPerStep = recordsPerStep
      $0.training.reproducible = isReproducible
    }
    #expect(result.end == .finished)
    let allocations = try #require(collective.allocations)
    // None, unless the report that is made ten times a second falls among them.
    #expect(allocations <= 20, "\(allocations) allocations in 100 steps")
  }

  @Test("a step of sixteen records of 64 partitions takes little longer than one of a single partition")
  func manyPartitions() throws {
    func shortest(_ partitions: Int) throws -> Duration {
      let each = 64_000 / partitions
      return try (0..<5).map { _ in
        let collective = CountingCollective(from: 1_000, to: 3_000)
        _ = try Self.run(collective, MemoryStream(partitionCount: partitions, recordsPerPartition: each)) {
          $0.training.recordsPerStep = 16
          $0.model.hidden = [256, 128]
        }
        return try #require(collective.time)
      }.min() ?? .zero
    }
    let (one, many) = (try shortest(1), try shortest(64))
    // Beside a learner of ordinary size it is nothing; a bound that other work on the machine does not break.
    #expect(many < one * 1.5, "\(many / one) times as long")
    print("64 partitions against one: \(many / one)")
  }

  private static func run(
    _ collective: CountingCollective, _ stream: MemoryStream, _ change: (inout Pipeline) -> Void
  ) throws -> LoopResult {
    let board = ControlBoard()
    board.wish { $0.stopsAtEnd = true }
    return try runLoop(
      smallPipeline {
        $0.checkpoint.everySteps = 100_000
        change(&$0)
      }, stream: stream, collective: collective, board: board)
  }
}

/// A group of one that counts what its owner's thread allocates between two exchanges.
private final class CountingCollective: Collective {
  private let base = SoloCollective(generation: Generation(1))
  private let first: Int
  private let last: Int
  private var exchanges = 0
  private(set) var allocations: Int64?
  private(set) var time: Duration?
  private var start = ContinuousClock.now

  init(from first: Int, to last: Int) {
    self.first = first
    self.last = last
  }

  var rank: Rank { base.rank }
  var worldSize: Int { base.worldSize }
  var generation: Generation { base.generation }

  func exchange<Result>(
    _ dense: DenseValues, attachment: UnsafeRawBufferPointer, deadline: Deadline,
    _ body: ([UnsafeRawBufferPointer]) throws -> Result
  ) throws -> Result {
    exchanges += 1
    if exchanges == first {
      start = .now
      allocation_counting_begin()
    }
    if exchanges == last {
      allocations = allocation_counting_end()
      time = start.duration(to: .now)
    }
    return try base.exchange(dense, attachment: attachment, deadline: deadline, body)
  }

  func broadcast(from root: Rank, _ bytes: [UInt8], deadline: Deadline) throws -> [UInt8] {
    try base.broadcast(from: root, bytes, deadline: deadline)
  }

  func close() {}
}
