public import Tensors
import Vocabulary

/// Batches of a spec's shape for measuring: nearly standard normal numbers and weights, uniform buckets, labels of a
/// random linear rule over the numbers and of the weighted rows' parity, the same for every head. Three weighted rows in
/// four are of the first 1,024, as rows of numbers are met more often than those of texts. The same seed gives the same
/// batches.
public struct SyntheticBatches {
  private let spec: LearnerSpec
  private let weightedPairs: Int
  private var random: SplitMix64
  private let rule: [Float]

  /// - Parameter weightedPairs: Of a record, where the spec reads weighted rows.
  public init(_ spec: LearnerSpec, seed: UInt64, weightedPairs: Int = 64) {
    self.spec = spec
    self.weightedPairs = weightedPairs
    var random = SplitMix64(seed: seed)
    rule = spec.inputs.numbers.map { _ in random.nextNearlyNormal() }
    self.random = random
  }

  public mutating func next(rows: Int) -> FeatureBatch {
    let batch = spec.makeBatch(capacity: rows, weightedCapacity: rows * weightedPairs)
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
    for input in spec.inputs.categories {
      for slot in 0..<input.slots {
        let value = UInt32.random(in: 0..<UInt32(input.buckets), using: &random)
        batch.categories[column + slot] = value
        guard input.ownRows > 0 else { continue }
        var mixed = SplitMix64(seed: UInt64(value))
        let hash = mixed.next() | 1 << 32
        batch.categories[column + slot] = UInt32(truncatingIfNeeded: hash)
        batch.categories[column + input.slots + slot] = UInt32(hash >> 32)
      }
      column += input.columns
    }
    for (pairs, input) in zip(batch.weighted, spec.inputs.weighted) {
      pairs.open(row)
      for _ in 0..<weightedPairs {
        let end = random.next() % 4 == 0 ? input.rows : min(input.rows, 1024)
        let key = UInt32.random(in: 0..<UInt32(end), using: &random)
        let weight = random.nextNearlyNormal()
        pairs.append(row: key, weight: weight, to: row)
        score += key % 2 == 0 ? weight : -weight
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
