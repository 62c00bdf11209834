import Foundation
import Learning
import Tensors
import Testing
import Vocabulary

/// A hundred steps that PyTorch made: one run of a file in `Tests/Fixtures/trajectories`; the scripts there say how.
struct Trajectory: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  private let spec: LearnerSpec
  private let heads: [Head]
  private let optimizer: Optimizer
  private let wideOptimizer: Optimizer?
  let seed: UInt64
  /// In canonical order.
  let initial: [Float]
  /// The primary head's, of each tenth step.
  let losses: [Double]
  let final: [Float]

  var testDescription: String { name }

  /// What runs have unless they say otherwise: `SPEC` of trajectories.py.
  private static let plain = LearnerSpec(
    numbers: (0..<4).map { NumberInput(name: "n\($0)", standardize: false) },
    categories: [CategoryInput(name: "c", buckets: 5, dimension: 3)], hidden: [9, 6], activation: .tanh, task: .binary,
    embeddingOptimizer: OptimizerSpec(kind: .sgd, learningRate: 0.1),
    clipping: GradientClipping(globalNorm: 0.5, value: nil))

  /// The runs of one file. What a run changes in the spec takes its place in the plain one's encoding.
  static func group(_ name: String) throws -> [Trajectory] {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/trajectories/\(name).json")
    let content = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
    let plain = try JSONSerialization.jsonObject(with: JSONEncoder().encode(plain)) as? [String: Any]
    let runs = try #require(content?["runs"] as? [[String: Any]])
    return try runs.map { run in
      var changes = try #require(run["spec"] as? [String: Any])
      if let one = changes["weighted"] { changes["weighted"] = [one] }
      let whole = run.merging(["spec": Self.change(try #require(plain), changes)]) { $1 }
      return try JSONDecoder().decode(Trajectory.self, from: JSONSerialization.data(withJSONObject: whole))
    }
  }

  /// Which settings stand in which part of the spec; the others stand beside these.
  private static let parts = [
    "inputs": ["numbers", "categories", "weighted", "inputClip"],
    "deep": [
      "hidden", "activation", "activationLimit", "normalization", "initialization", "dropout", "residual",
      "activationL1", "activationL2",
    ],
    "cross": ["crossLayers", "crossRank"], "interactions": ["factorization", "bilinear"],
    "optimizers": ["optimizer", "embeddingOptimizer", "wideOptimizer", "clipping"],
  ]

  private static func change(_ spec: [String: Any], _ changes: [String: Any]) -> [String: Any] {
    var spec = spec
    for (key, value) in changes {
      guard let name = parts.first(where: { $0.value.contains(key) })?.key, var part = spec[name] as? [String: Any]
      else {
        spec[key] = value
        continue
      }
      part[key] = value
      spec[name] = part
    }
    return spec
  }

  func learnerSpec() throws -> LearnerSpec {
    var spec = spec
    spec.heads = try heads.enumerated().map { try $1.spec($0) }
    spec.optimizer = optimizer.spec
    spec.wideOptimizer = wideOptimizer?.spec
    return spec
  }

  /// One batch as streams.py draws it.
  func fill(_ batch: FeatureBatch, _ random: inout SplitMix64) {
    for row in 0..<batch.count {
      let numbers = batch.numbers + row * spec.numbers.count
      for (column, number) in spec.numbers.enumerated() {
        numbers[column] = Float(random.nextUnit() * 4 - 2)
        if number.missingIndicator && random.nextUnit() < 0.2 { numbers[column] = .nan }
      }
      let categories = batch.categories + row * spec.categoryColumns
      drawCategories(into: categories, &random)
      for (pairs, weighted) in zip(batch.weighted, spec.weighted) {
        pairs.open(row)
        for _ in 0..<(random.next() % 5) {
          let key = UInt32(random.next() % UInt64(weighted.rows))
          pairs.append(row: key, weight: Float(random.nextUnit() * 2 - 1), to: row)
        }
      }
      let present = (0..<2).map { numbers[$0].isNaN ? 0 : Double(numbers[$0]) }
      let score = present[0] - present[1] + 0.5 * Double(categories[0]) - 1
      for (place, head) in heads.enumerated() {
        batch.labels[row * heads.count + place] = head.label(score: score, bucket: Int(categories[0]))
      }
    }
  }

  /// The values of a list stand together; as many columns as are left stay unused.
  private func drawCategories(into columns: UnsafeMutablePointer<UInt32>, _ random: inout SplitMix64) {
    var first = 0
    for category in spec.categories {
      var next = first
      for _ in 0..<category.slots where category.slots == 1 || random.nextUnit() >= 0.4 {
        columns[next] = UInt32(random.next() % UInt64(category.buckets))
        next += 1
      }
      first += category.slots
      while next < first {
        columns[next] = FeatureBatch.noCategory
        next += 1
      }
    }
  }
}
