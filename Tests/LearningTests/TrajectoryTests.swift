import Foundation
import Learning
import Tensors
import Testing
import Vocabulary

/// What `Tests/Fixtures/trajectories.py` computed with PyTorch; the script says how.
private struct Trajectories: Decodable {
  struct Run: Decodable, Sendable, CustomTestStringConvertible {
    let activation: String
    let optimizer: String
    let layerNorm: Bool
    let classes: Int
    let seed: UInt64
    let initial: [Float]
    let losses: [Double]
    let final: [Double]

    var testDescription: String { "\(activation), \(optimizer)\(layerNorm ? ", LayerNorm" : ""), \(classes) outputs" }
  }

  let torch: String
  let runs: [Run]

  static let all: [Run] = {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/trajectories.json")
    guard let data = try? Data(contentsOf: file) else { return [] }
    return (try? JSONDecoder().decode(Trajectories.self, from: data))?.runs ?? []
  }()
}

@Suite struct `A hundred steps` {
  @Test func `are at hand from PyTorch`() { #expect(Trajectories.all.count == 12) }

  @Test(arguments: Trajectories.all)
  fileprivate func `follow PyTorch's`(_ run: Trajectories.Run) throws {
    let rates: [OptimizerSpec.Kind: Float] = [.adam: 0.01, .sgd: 0.05, .adagrad: 0.05]
    let kind = try #require(OptimizerSpec.Kind(rawValue: run.optimizer))
    let spec = LearnerSpec(
      numbers: (0..<4).map { NumberInput(name: "n\($0)", standardize: false) },
      categories: [CategoryInput(name: "c", buckets: 5, dimension: 3)], hidden: [9, 6],
      activation: try #require(ActivationKind(rawValue: run.activation)),
      normalization: run.layerNorm ? .layerNorm : .none,
      task: run.classes == 1 ? .binary : .multiclass(classes: run.classes),
      optimizer: OptimizerSpec(
        kind: kind, learningRate: try #require(rates[kind]), momentum: kind == .sgd ? 0.9 : 0),
      embeddingOptimizer: OptimizerSpec(kind: .sgd, learningRate: 0.1),
      clipping: GradientClipping(globalNorm: 0.5, value: nil))
    let learner = Learner(spec: spec, batchCapacity: 8)
    learner.setCanonicalParameters(run.initial)
    var random = SplitMix64(seed: run.seed)
    let batch = FeatureBatch(capacity: 8, numberCount: 4, categoryCount: 1)
    batch.count = 8
    var losses: [Double] = []
    for step in 0..<100 {
      for row in 0..<8 { fill(batch, row, classes: run.classes, &random) }
      learner.predict(batch)
      let local = learner.backward(batch)
      if step % 10 == 9 { losses.append(local.lossSum / 8) }
      try learner.learn(batch)
    }
    for (found, expected) in zip(losses, run.losses) { #expect(abs(found - expected) <= 1e-5 * max(expected, 0.1)) }
    let found = ReferenceModel(learner).parameters
    #expect(found.count == run.final.count)
    let distance = zip(found, run.final).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    let size = run.final.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(distance <= 1e-5 * size, "relative difference \(distance / size)")
  }

  /// One row as the script draws it.
  private func fill(_ batch: FeatureBatch, _ row: Int, classes: Int, _ random: inout SplitMix64) {
    for number in 0..<4 { batch.numbers[row * 4 + number] = Float(random.nextUnit() * 4 - 2) }
    let bucket = Int(random.next() % 5)
    batch.categories[row] = UInt32(bucket)
    let score = Double(batch.numbers[row * 4]) - Double(batch.numbers[row * 4 + 1]) + 0.5 * Double(bucket) - 1
    let above = score > 0 ? 1 : 0
    batch.labels[row] = Float(classes == 1 ? above : (bucket + above) % classes)
  }
}
