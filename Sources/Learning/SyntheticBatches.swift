import Tensors
import Vocabulary

/// Batches of a spec's shape for measuring: nearly standard normal numbers, uniform buckets, labels of a random linear
/// rule over the numbers, the same rule for every head. Weighted rows are not made up. The same seed gives the same
/// batches.
public struct SyntheticBatches {
  private let spec: LearnerSpec
  private var random: SplitMix64
  private let rule: [Float]

  public init(_ spec: LearnerSpec, seed: UInt64) {
    precondition(spec.weighted == nil, "weighted rows cannot be made up")
    self.spec = spec
    var random = SplitMix64(seed: seed)
    rule = spec.numbers.map { _ in random.nextNearlyNormal() }
    self.random = random
  }

  public mutating func next(rows: Int) -> FeatureBatch {
    let batch = spec.makeBatch(capacity: rows)
    batch.count = rows
    for row in 0..<rows { fill(row, of: batch) }
    return batch
  }

  private mutating func fill(_ row: Int, of batch: FeatureBatch) {
    var score: Float = 0
    for number in rule.indices {
      let value = random.nextNearlyNormal()
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
    for (place, head) in spec.heads.enumerated() {
      batch.labels[row * spec.heads.count + place] = label(of: head, score: score)
    }
    batch.keys[row] = random.next()
  }

  private func label(of head: HeadSpec, score: Float) -> Float {
    switch head.task {
    case .binary: score > 0 ? 1 : 0
    case .multiclass(let classes): Float(Int(score.magnitude) % classes)
    // No count is negative.
    case .regression: head.loss == .poisson ? score.magnitude.rounded() : score
    }
  }
}
