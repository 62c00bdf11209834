import CAllocationCounter
import Collectives
import Pipelines
import Testing
import Vocabulary
import Worker

@Suite("Allocations", .serialized)
struct WorkerAllocationTests {
  @Test("a warm step asks for no memory: taking, learning, agreeing, accounting")
  func steps() throws {
    let collective = CountingCollective(from: 40, to: 140)
    let board = ControlBoard()
    board.wish { $0.stopsAtEnd = true }
    let result = try runLoop(
      smallPipeline { $0.checkpoint.everySteps = 10_000 },
      stream: MemoryStream(partitionCount: 2, recordsPerPartition: 1000, hasMarks: true), collective: collective,
      board: board)
    #expect(result.end == .finished)
    let allocations = try #require(collective.allocations)
    // None, unless the report that is made ten times a second falls among them.
    #expect(allocations <= 20, "\(allocations) allocations in 100 steps")
  }
}

/// A group of one that counts what its owner's thread allocates between two exchanges.
private final class CountingCollective: Collective {
  private let base = SoloCollective(generation: Generation(1))
  private let first: Int
  private let last: Int
  private var exchanges = 0
  private(set) var allocations: Int64?

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
    if exchanges == first { allocation_counting_begin() }
    if exchanges == last { allocations = allocation_counting_end() }
    return try base.exchange(dense, attachment: attachment, deadline: deadline, body)
  }

  func broadcast(from root: Rank, _ bytes: [UInt8], deadline: Deadline) throws -> [UInt8] {
    try base.broadcast(from: root, bytes, deadline: deadline)
  }

  func close() {}
}
