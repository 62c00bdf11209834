import Tensors
import Vocabulary

/// Batches of a spec's shape for measuring: nearly standard normal numbers, uniform buckets, labels of a random linear
/// rule over the numbers. The same seed gives the same batches.
public struct SyntheticBatches {
  private let spec: LearnerSpec
  private var random: SplitMix64
  private let rule: [Float]

  public init(_ spec: LearnerSpec, seed: UInt64) {
    self.spec = spec
    var random = SplitMix64(seed: seed)
    rule = spec.numbers.map { _ in Self.normal(&random) }
    self.random = random
  }

  /// Nearly normal: the sum of twelve uniform numbers.
  private static func normal(_ random: inout SplitMix64) -> Float {
    var sum = -6.0
    for _ in 0..<12 { sum += random.nextUnit() }
    return Float(sum)
  }

  public mutating func next(rows: Int) -> FeatureBatch {
    let batch = FeatureBatch(
      capacity: rows, numberCount: spec.numbers.count, categoryCount: spec.categoryColumns)
    batch.count = rows
    for row in 0..<rows {
      var score: Float = 0
      for number in rule.indices {
        let value = Self.normal(&random)
        batch.numbers[row * rule.count + number] = value
        score += value * rule[number]
      }
      var column = row * spec.categoryColumns
      for input in spec.categories {
        for _ in 0..<input.slots {
          batch.categories[column] = UInt32.random(in: 0..<UInt32(input.buckets), using: &random)
          column += 1
        }
      }
      batch.labels[row] =
        switch spec.task {
        case .binary: score > 0 ? 1 : 0
        case .multiclass(let classes): Float(Int(score.magnitude) % classes)
        case .regression: score
        }
      batch.keys[row] = random.next()
    }
    return batch
  }
}
