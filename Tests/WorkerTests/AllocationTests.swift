import CAllocationCounter
import Collectives
import Pipelines
import Testing
import Vocabulary
import Worker

@Suite("Allocations", .serialized)
struct WorkerAllocationTests {
  @Test(
    "a warm step asks for no memory: taking, learning, asking frozen versions, agreeing, accounting; also of many partitions, and by slice",
    arguments: [(2, nil, false, []), (64, 16, false, []), (64, 16, true, []), (64, 16, true, ["c", "a"])]
      as [(Int, Int?, Bool, [String])])
  func steps(partitions: Int, recordsPerStep: Int?, isReproducible: Bool, slices: [String]) throws {
    let count = StepCount(from: 40, to: 140)
    let result = try Self.run(
      count, MemoryStream(partitionCount: partitions, recordsPerPartition: 1000, hasMarks: true)
    ) {
      $0.training.recordsPerStep = recordsPerStep
      $0.training.reproducible = isReproducible
      $0.rollout.slices = slices
    }
    #expect(result.end == .finished)
    let allocations = try #require(count.allocations)
    // None, unless the report that is made ten times a second falls among them.
    #expect(allocations <= 20, "\(allocations) allocations in 100 steps")
  }

  @Test("a step of sixteen records of 64 partitions takes little longer than one of a single partition")
  func manyPartitions() throws {
    func shortest(_ partitions: Int) throws -> Duration {
      let each = 64_000 / partitions
      return try (0..<5).map { _ in
        let count = StepCount(from: 1_000, to: 3_000)
        _ = try Self.run(count, MemoryStream(partitionCount: partitions, recordsPerPartition: each)) {
          $0.training.recordsPerStep = 16
          $0.model.hidden = [256, 128]
        }
        return try #require(count.time)
      }.min() ?? .zero
    }
    let (one, many) = (try shortest(1), try shortest(64))
    // Beside a learner of ordinary size it is nothing; a bound that other work on the machine does not break.
    #expect(many < one * 1.5, "\(many / one) times as long")
    print("64 partitions against one: \(many / one)")
  }

  private static func run(
    _ count: StepCount, _ stream: MemoryStream, _ change: (inout Pipeline) -> Void
  ) throws -> LoopResult {
    let board = ControlBoard()
    board.wish { $0.stopsAtEnd = true }
    return try runLoop(
      smallPipeline {
        $0.checkpoint.everySteps = 100_000
        // What a ledger keeps until the next checkpoint grows.
        $0.training.ledger = false
        change(&$0)
      }, stream: stream, collective: HookedCollective(SoloCollective(generation: Generation(1)), count.note),
      board: board, frozen: try frozenVersions([3, 1, 2], serving: 2))
  }
}

/// What the owner's thread allocates from one exchange to another, and how long that takes.
private final class StepCount {
  private let first, last: Int
  private var start = ContinuousClock.now
  private(set) var allocations: Int64?
  private(set) var time: Duration?

  init(from first: Int, to last: Int) { (self.first, self.last) = (first, last) }

  func note(_ exchange: Int) {
    if exchange == first {
      start = .now
      allocation_counting_begin()
    } else if exchange == last {
      allocations = allocation_counting_end()
      time = start.duration(to: .now)
    }
  }
}
