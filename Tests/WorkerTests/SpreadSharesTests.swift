import Ingest
import Pipelines
import Tensors
import Synchronization
import Testing
import Vocabulary
import Worker

@Suite("Shares of partitions that have nothing")
struct SpreadSharesTests {
  private static func pipeline(_ total: Int, isReproducible: Bool = false) -> Pipeline {
    smallPipeline {
      $0.training.recordsPerStep = total
      $0.training.reproducible = isReproducible
    }
  }

  @Test("where one partition has all the records steps are full all the same", arguments: [1, 2, 3])
  func one(worldSize: Int) async throws {
    var stream = MemoryStream(partitionCount: 8, recordsPerPartition: 64)
    stream.empty = [0, 1, 2, 4, 5, 6, 7]
    let results = try await runRanks(worldSize, Self.pipeline(4), stream: stream)
    #expect(results.allSatisfy { $0.end == .finished }, "\(results.compactMap(\.error))")
    // Of two ranks each has a whole step's shares in hand, in turn; the second of three has one and two of the four, in turn.
    #expect(results[0].state.trained == 64)
    #expect(results[0].state.step == (worldSize == 3 ? 43 : 16))
  }

  @Test(
    "a reproducible step takes from each partition what the rotation says, so that it is the same whoever holds what")
  func reproducible() async throws {
    var stream = MemoryStream(partitionCount: 8, recordsPerPartition: 64)
    stream.shorter = [0: 8, 1: 8, 2: 8, 4: 8, 5: 8, 6: 8, 7: 8]
    let results = try await runRanks(1, Self.pipeline(4, isReproducible: true), stream: stream)
    #expect(results[0].state.trained == 64 + 7 * 8)
    // Two turns a record: all the records of the longest.
    #expect(results[0].state.step >= 64)
  }

  @Test("who brings records wakes the step thread as soon as all partitions together have enough, whichever has them")
  func wakes() {
    let woken = Mutex(0)
    let buffers = (Int32(0)..<4).map {
      PartitionBuffer(partition: $0, capacity: 64, numberCount: 2, categoryCount: 1, nextOffset: 0) {
        woken.withLock { $0 += 1 }
      }
    }
    let shares = StepShares(
      buffers: buffers, batch: FeatureBatch(capacity: 16, numberCount: 2, categoryCount: 1),
      deal: StepDeal(total: 16, partitions: 4, spreads: true))
    let seed = UInt64.random(in: .min ... .max)
    var random = SplitMix64(seed: seed)
    var next = [Int64](repeating: 0, count: 4)
    let favourite = Int(random.next() % 4)
    shares.expectRecords()
    while !shares.canFill {
      let before = woken.withLock { $0 }
      let place = random.next() % 8 < 5 ? favourite : Int(random.next() % 4)
      guard let slot = buffers[place].beginSlot() else { return }
      (slot.numbers[0], slot.numbers[1], slot.categories[0], slot.labels.pointee) = (0, 0, 1, 1)
      slot.eventTime.pointee = 0
      _ = buffers[place].commitExample(offset: next[place])
      next[place] += 1
      // As the step thread does: woken it looks, and says anew what it waits for.
      let isWoken = woken.withLock { $0 } > before
      #expect(isWoken || !shares.canFill, "seed \(seed): \(next)")
      if isWoken { shares.expectRecords() }
    }
    #expect(next.reduce(0, +) == 16)
  }

  @Test(
    "a step takes no more in all than it may, from those that have more in turn, and nothing where all have their share"
  )
  func takes() {
    func buffer(_ partition: Int32, _ records: Int) -> PartitionBuffer {
      let stream = MemoryStream(partitionCount: 3, recordsPerPartition: records)
      let buffer = PartitionBuffer(partition: partition, capacity: 64, numberCount: 2, categoryCount: 1, nextOffset: 0)
      var numbers: [String: Int] = [:]
      stream.fill(buffer, nil, &numbers)
      return buffer
    }
    let deal = StepDeal(total: 6, partitions: 3, spreads: true)
    let shares = StepShares(
      buffers: [buffer(0, 1), buffer(1, 20), buffer(2, 20)],
      batch: FeatureBatch(capacity: 6, numberCount: 2, categoryCount: 1), deal: deal)
    func taken(turn: Int64) -> [Int] {
      shares.deal(turn: turn)
      shares.take()
      return shares.shares.map { Int($0.rows) }
    }
    #expect(taken(turn: 0) == [1, 3, 2])
    #expect(taken(turn: 1) == [4, 2])
    #expect(taken(turn: 2) == [2, 4])
    #expect(shares.batch.count == 6 && deal.takeMax == 6)
  }
}
