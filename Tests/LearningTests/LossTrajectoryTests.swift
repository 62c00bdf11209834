import Foundation
import Learning
import Tensors
import Testing
import Vocabulary

/// What `Tests/Fixtures/trajectories/losses.py` computed with PyTorch; the script says how.
private struct LossRuns: Decodable {
  struct Run: Decodable, Sendable, CustomTestStringConvertible {
    let heads: [Head]
    let seed: UInt64
    let initial: [Float]
    let losses: [Double]
    let final: [Double]

    var testDescription: String { heads.map { "\($0.loss) of \($0.classes)" }.joined(separator: ", ") }
  }

  struct Head: Decodable, Sendable {
    /// 0: a value; 1: two classes from one logit.
    let classes: Int
    let loss: String
    let weight: Float?
    let labelSmoothing: Float?
    let classWeights: [Float]?
    let learnsTemperature: Bool?
    let gamma: Float?
    let delta: Float?
    let level: Float?

    func spec(_ place: Int) throws -> HeadSpec {
      let losses: [String: LossSpec] = [
        "cross_entropy": .crossEntropy, "focal": .focal(gamma: gamma ?? 2), "squared": .squared,
        "huber": .huber(delta: delta ?? 1), "quantile": .quantile(level: level ?? 0.5), "poisson": .poisson,
      ]
      let known: LossSpec = try #require(losses[loss])
      return HeadSpec(
        name: place == 0 ? "" : "head\(place)",
        task: classes == 0 ? .regression : classes == 1 ? .binary : .multiclass(classes: classes),
        loss: known, weight: weight ?? 1, labelSmoothing: labelSmoothing ?? 0,
        classWeights: classWeights ?? [], temperature: learnsTemperature == true ? .learned : .fixed(1))
    }

    func label(score: Double, bucket: Int) -> Float {
      switch classes {
      case 0: loss == "poisson" ? max(0, Float(Int(3 + score))) : Float(30 + 5 * score)
      case 1: score > 0 ? 1 : 0
      default: Float((bucket + (score > 0 ? 1 : 0)) % classes)
      }
    }
  }

  let runs: [Run]

  static let all: [Run] = {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/trajectories/losses.json")
    guard let data = try? Data(contentsOf: file) else { return [] }
    return (try? JSONDecoder().decode(LossRuns.self, from: data))?.runs ?? []
  }()
}

@Suite struct `A hundred steps of a loss` {
  @Test func `are at hand from PyTorch`() { #expect(LossRuns.all.count == 14) }

  @Test(arguments: LossRuns.all)
  fileprivate func `follow PyTorch's`(_ run: LossRuns.Run) throws {
    var spec = LearnerSpec(
      numbers: (0..<4).map { NumberInput(name: "n\($0)", standardize: false) },
      categories: [CategoryInput(name: "c", buckets: 5, dimension: 3)], hidden: [9, 6], activation: .tanh,
      task: .binary, optimizer: OptimizerSpec(kind: .adam, learningRate: 0.01),
      embeddingOptimizer: OptimizerSpec(kind: .sgd, learningRate: 0.1),
      clipping: GradientClipping(globalNorm: 0.5, value: nil))
    spec.heads = try run.heads.enumerated().map { try $1.spec($0) }
    let learner = Learner(spec: spec, batchCapacity: 8)
    learner.setCanonicalParameters(run.initial)
    var random = SplitMix64(seed: run.seed)
    let batch = FeatureBatch(capacity: 8, numberCount: 4, categoryCount: 1, labelCount: run.heads.count)
    batch.count = 8
    var losses: [Double] = []
    for step in 0..<100 {
      for row in 0..<8 { fill(batch, row, run.heads, &random) }
      learner.predict(batch)
      let local = learner.backward(batch)
      if step % 10 == 9 { losses.append(local.lossSum / 8) }
      try learner.learn(batch)
    }
    for (found, expected) in zip(losses, run.losses) {
      #expect(abs(found - expected) <= 1e-5 * max(abs(expected), 0.1))
    }
    let found = ReferenceModel(learner).parameters
    #expect(found.count == run.final.count)
    let distance = zip(found, run.final).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    let size = run.final.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(distance <= 1e-5 * size, "relative difference \(distance / size)")
  }

  /// One row as the script draws it.
  private func fill(_ batch: FeatureBatch, _ row: Int, _ heads: [LossRuns.Head], _ random: inout SplitMix64) {
    for number in 0..<4 { batch.numbers[row * 4 + number] = Float(random.nextUnit() * 4 - 2) }
    let bucket = Int(random.next() % 5)
    batch.categories[row] = UInt32(bucket)
    let score = Double(batch.numbers[row * 4]) - Double(batch.numbers[row * 4 + 1]) + 0.5 * Double(bucket) - 1
    for (place, head) in heads.enumerated() {
      batch.labels[row * heads.count + place] = head.label(score: score, bucket: bucket)
    }
  }
}
