import Evaluation
import Foundation
import Testing
import Vocabulary

@Suite("Frozen scores")
struct FrozenScoresTests {
  private func following(_ numbers: [Int64], _ scores: FrozenScores = FrozenScores()) -> FrozenScores {
    var scores = scores
    scores.follow(count: numbers.count) { numbers[$0] }
    return scores
  }

  @Test("a version that goes on being asked keeps its pairs, unless another is the one that all are held against")
  func following() {
    var scores = following([1, 2])
    scores.add(0.5, reference: 0.4, learner: 0.3, weight: 1, at: 1)
    scores.add(0.4, reference: nil, learner: 0.3, weight: 1, at: 0)
    let later = following([1, 3, 2], scores)
    #expect(later[version: 2]?.pairs.count == 1 && later[version: 3]?.pairs.count == 0)
    #expect(later[version: 1]?.meanLoss == 0.4 && later[version: 2]?.meanLoss == 0.5)
    let other = following([2, 3], later)
    #expect(other.reference == 2 && other[version: 2]?.pairs.count == 0 && other[version: 1] == nil)
    #expect(other[version: 2]?.trend.pairs.count == 1, "the learner was held against it before")
    // Whoever has loaded nothing says nothing.
    #expect(following([], later) == later)
  }

  @Test("what is no number counts for the version itself; where the reference gives none, there is no pair")
  func nonFinite() {
    var scores = following([1, 2])
    scores.add(.nan, reference: 0.4, learner: 0.3, weight: 1, at: 1)
    scores.add(0.3, reference: .nan, learner: 0.3, weight: 1, at: 1)
    scores.add(0.3, reference: 0.4, learner: 0.3, weight: 0, at: 1)
    #expect(scores[version: 2]?.nonFinite == 1 && scores[version: 2]?.pairs.count == 0)
    #expect(scores[version: 2]?.pairs.nonFinite == 1 && scores[version: 2]?.weight == 1)
  }

  @Test("they come back from JSON as they were, bit for bit")
  func coding() throws {
    var scores = following([1, 2])
    for row in 0..<1000 {
      scores.add(0.1 * Double(row), reference: 0.3 / Double(row + 1), learner: 0.3, weight: 1, at: 1)
    }
    scores.serving = 2
    #expect(try JSONDecoder().decode(FrozenScores.self, from: JSONEncoder().encode(scores)) == scores)
  }

  @Test(
    "a version that becomes worse after a long good history is noticed, and when it began; an older one tells of the reference; so it goes on from JSON"
  )
  func decline() throws {
    var scores = following([2, 1, 3])
    var random = SplitMix64(seed: 4)
    func add(_ rows: Int, newer: Double, older: Double) {
      for _ in 0..<rows {
        let noise = 0.3 * Double(random.nextNearlyNormal())
        scores.add(0.5, reference: nil, learner: 0.5, weight: 1, at: 0)
        scores.add(0.5 + older + noise, reference: 0.5, learner: 0.5, weight: 1, at: 1)
        scores.add(0.5 + newer + noise, reference: 0.5, learner: 0.5, weight: 1, at: 2)
        if scores.isDue { scores.lookForDecline(margin: 0.005) }
      }
    }
    add(50_000, newer: -0.02, older: 0.02)
    scores = try JSONDecoder().decode(FrozenScores.self, from: JSONEncoder().encode(scores))
    for place in [1, 2] { #expect(!scores.entries[place].decline.isDeclined(alpha: 0.01) && !scores.isDue) }
    add(1500, newer: 0.2, older: -0.2)
    for place in [1, 2] {
      let watch = scores.entries[place].decline
      #expect(watch.isDeclined(alpha: 0.001), "\(place): \(watch.logEvidence)")
      let began = try #require(watch.began)
      #expect(began.pairsAgo > 500 && began.pairsAgo < 4000 && began.before < 0 && began.since > 0.05, "\(began)")
      #expect(scores.entries[place].declineMargin == 0.005 && watch.pairs <= scores.entries[place].pairs.count)
    }
    // The whole history says that the newer one is as good.
    #expect(scores.entries[2].pairs.confidenceSequence(confidence: 0.99).upper < 0)
    #expect(following([3, 2], scores)[version: 2]?.decline == DeclineWatch(), "held against another version")
  }

  @Test("recent pairs forget what is more than two stretches old, and never look at less than one")
  func recent() {
    var pairs = RecentPairs()
    for row in 0..<1000 {
      pairs.add(candidate: row < 500 ? 0 : 1, baseline: 0, length: 100)
      #expect(pairs.pairs.count == min(row + 1, 100 + (row + 1) % 100))
    }
    #expect(pairs.pairs.mean == 1)
  }
}
