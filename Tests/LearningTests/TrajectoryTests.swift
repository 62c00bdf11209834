import Foundation
import Learning
import Tensors
import Testing
import Vocabulary

/// What `Tests/Fixtures/trajectories/trajectories.py` computed with PyTorch; the script says how.
private struct Trajectories: Decodable {
  struct Run: Decodable, Sendable, CustomTestStringConvertible {
    let activation: String
    let optimizer: Optimizer
    let layerNorm: Bool
    let classes: Int
    let clipGlobalNorm: Float
    let seed: UInt64
    let initial: [Float]
    let losses: [Double]
    let final: [Double]

    var testDescription: String { "\(activation), \(optimizer)\(layerNorm ? ", LayerNorm" : ""), \(classes) outputs" }
  }

  /// What is left out has the default of `OptimizerSpec`.
  struct Optimizer: Decodable, Sendable, CustomStringConvertible {
    struct Schedule: Decodable, Sendable {
      let kind: RateSchedule.Kind
      let warmupSteps: Int?
      let steps: Int?
      let factor: Double?
      let floor: Double?

      var schedule: RateSchedule {
        RateSchedule(kind, warmupSteps: warmupSteps ?? 0, steps: steps ?? 1, factor: factor ?? 0.5, floor: floor ?? 0)
      }
    }

    let kind: OptimizerSpec.Kind
    let learningRate: Float
    let momentum: Float?
    let nesterov: Bool?
    let beta1: Float?
    let beta2: Float?
    let l1: Float?
    let l2: Float?
    let weightDecay: Float?
    let schedule: Schedule?

    var spec: OptimizerSpec {
      OptimizerSpec(
        kind: kind, learningRate: learningRate, momentum: momentum ?? 0, nesterov: nesterov ?? false,
        beta1: beta1 ?? 0.9, beta2: beta2, l1: l1 ?? 0, l2: l2 ?? 0, weightDecay: weightDecay ?? 0,
        schedule: schedule?.schedule ?? .constant)
    }

    var description: String {
      let penalties = [("l1", l1), ("l2", l2), ("decay", weightDecay)].compactMap { name, value in
        value.map { " \(name) \($0)" }
      }
      return kind.rawValue + (nesterov == true ? " nesterov" : "") + penalties.joined()
        + (schedule.map { " \($0.kind.rawValue) after \($0.warmupSteps ?? 0)" } ?? "")
    }
  }

  let torch: String
  let runs: [Run]

  /// The runs of one group's file.
  static func group(_ name: String) -> [Run] {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/trajectories/\(name).json")
    guard let data = try? Data(contentsOf: file) else { return [] }
    return (try? JSONDecoder().decode(Trajectories.self, from: data))?.runs ?? []
  }

  static let all = group("networks") + group("optimizers")
}

@Suite struct `A hundred steps` {
  @Test func `are at hand from PyTorch`() {
    #expect(Trajectories.group("networks").count == 12)
    #expect(Trajectories.group("optimizers").count == 17)
  }

  @Test(arguments: Trajectories.all)
  fileprivate func `follow PyTorch's`(_ run: Trajectories.Run) throws {
    let spec = LearnerSpec(
      numbers: (0..<4).map { NumberInput(name: "n\($0)", standardize: false) },
      categories: [CategoryInput(name: "c", buckets: 5, dimension: 3)], hidden: [9, 6],
      activation: try #require(ActivationKind(rawValue: run.activation)),
      normalization: run.layerNorm ? .layerNorm : .none,
      task: run.classes == 1 ? .binary : .multiclass(classes: run.classes), optimizer: run.optimizer.spec,
      embeddingOptimizer: OptimizerSpec(kind: .sgd, learningRate: 0.1),
      clipping: GradientClipping(globalNorm: run.clipGlobalNorm, value: nil))
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
