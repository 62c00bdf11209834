import Pipelines
import Testing

@Suite("Step deal")
struct StepDealTests {
  @Test(
    "so many of each partition, or so many in all, which no partition waits for longer than another",
    arguments: [
      (1, 4), (3, 4), (4, 4), (16, 64), (17, 64), (100, 64), (5, 1), (1, 1),
    ])
  func total(_ total: Int, _ partitions: Int) {
    let deal = StepDeal(total: total, partitions: partitions)
    var sums = [Int](repeating: 0, count: partitions)
    for turn in 0..<Int64(partitions) {
      let shares = (0..<Int32(partitions)).map { deal.share(of: $0, turn: turn) }
      #expect(shares.reduce(0, +) == total && shares.max()! <= deal.shareMax && shares.max()! - shares.min()! <= 1)
      for held in 0...partitions { #expect(shares[..<held].reduce(0, +) <= deal.rowsMax(ofPartitions: held)) }
      for place in sums.indices { sums[place] += shares[place] }
    }
    #expect(Set(sums) == [total], "each has given as much after one round: \(sums)")
    #expect(deal.stepMax == total && deal.rowsMax(ofPartitions: partitions) == total)
  }

  @Test("a turn begins where the one before ended, and no turn is too far")
  func rotation() {
    let deal = StepDeal(total: 3, partitions: 8)
    func given(_ turn: Int64) -> [Int32] { (0..<8).filter { deal.share(of: $0, turn: turn) == 1 } }
    #expect(given(0) == [0, 1, 2] && given(1) == [3, 4, 5] && given(2) == [0, 6, 7] && given(3) == [1, 2, 3])
    #expect(given(8 * 1_000_000_000_000) == given(0) && given(.max).count == 3)
    let each = StepDeal(each: 2, partitions: 8)
    #expect((0..<8).allSatisfy { each.share(of: $0, turn: 5) == 2 } && each.stepMax == 16 && each.shareMax == 2)
  }

  @Test("records_per_step goes before records_per_partition, which it contradicts")
  func settings() throws {
    var training = TrainingSettings()
    #expect(StepDeal(training, partitions: 64).stepMax == 128)
    training.recordsPerStep = 16
    #expect(StepDeal(training, partitions: 64).stepMax == 16)
  }
}
