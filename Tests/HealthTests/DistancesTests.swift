import Foundation
import Health
import Testing
import Vocabulary

@Suite("Distances between histograms")
struct DistancesTests {
  private let distances = [populationStabilityIndex, jensenShannonDistance]

  @Test("are zero for equal shares and for an empty side, and ignore places that are empty on both sides")
  func zero() {
    for distance in distances {
      #expect(distance([10, 20, 0, 30], [10, 20, 0, 30]) == 0)
      #expect(distance([], []) == 0)
      #expect(distance([0, 0], [1, 2]) == 0)
      #expect(distance([1, 2], []) == 0)
      #expect(distance([5, 0, 9], [8, 0, 2]) == distance([5, 9], [8, 2]))
      #expect(distance([5, 9, 0, 0], [8, 2]) == distance([5, 9], [8, 2]))
    }
  }

  @Test("agree with values worked out by hand")
  func byHand() {
    // Large counts, so that the half counts do not show: shares 0.5/0.5 against 0.25/0.75.
    let expected = 0.25 * log(0.5 / 0.25) + -0.25 * log(0.5 / 0.75)
    #expect(abs(populationStabilityIndex([500_000, 500_000], [250_000, 750_000]) - expected) < 1e-5)
    #expect(abs(jensenShannonDistance([1, 1], [1, 3]) - 0.048794912.squareRoot()) < 1e-6)
    #expect(jensenShannonDistance([7, 0], [0, 2]) == 1)
  }

  @Test("stay finite where one side lacks a place")
  func zeroPlaces() {
    let missing = populationStabilityIndex([1000, 1000, 0], [1000, 1000, 500])
    #expect(missing.isFinite && missing > 0.25)
    #expect(populationStabilityIndex([1, 0], [0, 1]).isFinite)
  }

  @Test("are symmetric and never negative", arguments: 1...20 as ClosedRange<UInt64>)
  func symmetric(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let a = (0..<64).map { _ in Int64(random.next() % 50) }
    let b = (0..<64).map { _ in Int64(random.next() % 50) }
    for distance in distances {
      #expect(distance(a, b) >= 0)
      #expect(abs(distance(a, b) - distance(b, a)) < 1e-12)
    }
    #expect(jensenShannonDistance(a, b) <= 1)
  }
}
