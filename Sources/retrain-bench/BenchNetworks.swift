import Learning
import Tensors

/// The networks that benchmarks speak of, and data for them.
struct BenchNetwork: Sendable {
  let name: String
  let spec: LearnerSpec

  /// W1 = 64→256→128→1, W1a = 64→64→64→1, W1b = 128→1024→512→256→1, W1c = 26 tables of 100,000 × 16 and 13 numbers → 256 → 128
  /// → 1, W1d = 64 weighted rows of one table of 2¹⁸ × 64, summed → 32 → 1; all binary cross-entropy, Adam, global-norm clip 1,
  /// Adagrad on tables.
  init(name: String, activation: String) throws {
    guard let kind = ActivationKind(rawValue: activation) else {
      let known = ActivationKind.allCases.map(\.rawValue).joined(separator: ", ")
      throw BenchError("--activation \(activation) is none of \(known)")
    }
    let shape: (numbers: Int, categories: Int, hidden: [Int])
    switch name {
    case "W1": shape = (64, 0, [256, 128])
    case "W1a": shape = (64, 0, [64, 64])
    case "W1b": shape = (128, 0, [1024, 512, 256])
    case "W1c": shape = (13, 26, [256, 128])
    case "W1d": shape = (0, 0, [32])
    default: throw BenchError("--net \(name) is none of W1, W1a, W1b, W1c, W1d")
    }
    self.name = name
    spec = LearnerSpec(
      numbers: (0..<shape.numbers).map { NumberInput(name: "n\($0)") },
      categories: (0..<shape.categories).map { CategoryInput(name: "c\($0)", buckets: 100_000, dimension: 16) },
      weighted: name == "W1d" ? [WeightedInput(name: "rows", rows: 1 << 18, dimension: 64, activates: true)] : [],
      hidden: shape.hidden, activation: kind, task: .binary)
  }

  /// Floating-point operations of a step's hidden layers: forward, weights' gradients, and inputs' where wanted.
  func productOperations(rows: Int) -> Double {
    let embeddings = spec.embeddedWidth
    var width = embeddings + spec.numbers.count
    var operations = 0.0
    for (index, units) in spec.hidden.enumerated() {
      let columns = index > 0 ? width : embeddings
      operations += 2 * Double(rows * units) * Double(2 * width + columns)
      width = units
    }
    return operations
  }

  /// `count` batches of standard normal numbers, uniform buckets and labels of a random linear rule.
  func batches(count: Int, rows: Int) -> [FeatureBatch] {
    var synthetic = SyntheticBatches(spec, seed: 7)
    return (0..<count).map { _ in synthetic.next(rows: rows) }
  }
}

/// One whole step of a rank that is alone.
@discardableResult
func trainStep(_ learner: Learner, _ batch: FeatureBatch, parts: BatchParts? = nil) -> Update {
  learner.predict(batch)
  let local = learner.backward(batch, parts: parts)
  learner.absorbOwn()
  return learner.apply(labelled: local.labelled, weight: local.weight, lossSum: local.lossSum)
}
