import Evaluation
import Testing
import retrainctl

@Suite("What a version loses by standing still")
struct FrozenLossTests {
  /// The learner's losses lie lower by `gain`, in every second pair by `noise` more and else by as much less.
  private static func trend(_ count: Int, gain: Double, noise: Double) -> PairedDifference {
    var pairs = PairedDifference()
    for place in 0..<count {
      pairs.add(candidate: 1 - gain + (place.isMultiple(of: 2) ? noise : -noise), baseline: 1)
    }
    return pairs
  }

  @Test("is its loss less the learner's on the same records, with two standard errors")
  func more() throws {
    let loss = try #require(FrozenLoss(Self.trend(400, gain: 0.25, noise: 0.5), age: 12_345))
    #expect(
      loss.sentence == "is 12,345 records old and loses 0.25 ± 0.05 a record more than the learner, which goes on: "
        + "of the last 400 that both were asked")
  }

  @Test("is no more than what can be told, and may be less")
  func within() throws {
    let same = try #require(FrozenLoss(Self.trend(400, gain: 0.04, noise: 0.5), age: nil))
    #expect(
      same.sentence == "loses as much as the learner, within 0.05 a record: of the last 400 that both were asked")
    let less = try #require(FrozenLoss(Self.trend(400, gain: -0.25, noise: 0.5), age: 0))
    #expect(less.sentence.hasPrefix("is 0 records old and loses 0.25 ± 0.05 a record less than the learner: "))
  }

  @Test("is not told of a few pairs, nor of none that are numbers")
  func few() {
    #expect(FrozenLoss(Self.trend(98, gain: 0.25, noise: 0.5), age: 1) == nil)
    #expect(FrozenLoss(Self.trend(100, gain: 0.25, noise: 0.5), age: 1) != nil)
    var broken = PairedDifference()
    for _ in 0..<200 { broken.add(candidate: .nan, baseline: 1) }
    #expect(FrozenLoss(broken, age: 1) == nil)
  }
}
