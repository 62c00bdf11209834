import Learning
import Tensors
import Vocabulary

/// A stream for recipes: two numbers, a category by its hash and a listed one; what is to be predicted follows from them, from the
/// label before, and from a level of each category's own.
struct RecipeStream {
  var task: LearnerSpec.Task = .binary
  /// Shares of records that lack a number, and of those that lack a label.
  var missing = 0.1
  var unlabelled = 0.1
  var seed: UInt64 = 1

  static func spec(_ task: LearnerSpec.Task = .binary, preset: RecipePreset = .fast) -> LearnerSpec {
    var listed = CategoryInput(name: "listed", buckets: 8, dimension: 1, listed: 3)
    listed.values = ["x", "y", "z"]
    var spec = LearnerSpec(
      numbers: [NumberInput(name: "a"), NumberInput(name: "b")],
      categories: [CategoryInput(name: "hashed", buckets: 16, dimension: 1, ownRows: 16), listed], task: task)
    spec.recipe = preset
    return spec
  }

  /// Records `first ..< end` of the stream; each is a matter of its number alone.
  func batch(_ rows: Range<Int>, weighs: Bool = false) -> FeatureBatch {
    let batch = Self.spec(task).makeBatch(capacity: rows.count, weighsRecords: weighs)
    batch.count = rows.count
    for (place, row) in rows.enumerated() { fill(place, row, batch) }
    return batch
  }

  private func fill(_ place: Int, _ row: Int, _ batch: FeatureBatch) {
    var random = SplitMix64(seed: seed << 32 | UInt64(row))
    let (a, b) = (random.nextNearlyNormal(), Float(random.next() % 5))
    let category = random.next() % 40
    batch.numbers[2 * place] = random.nextUnit() < missing ? .nan : a
    batch.numbers[2 * place + 1] = b
    var hash = SplitMix64(seed: category)
    let value = hash.next()
    batch.categories[3 * place] = UInt32(truncatingIfNeeded: value)
    batch.categories[3 * place + 1] = UInt32(value >> 32) | 1
    batch.categories[3 * place + 2] = UInt32(random.next() % 4)
    let level = Float(category % 7) - 3
    let score = a + (b == 2 ? 2 : 0) + level + 0.3 * random.nextNearlyNormal()
    let label: Float =
      switch task {
      case .binary: score > 0 ? 1 : 0
      case .multiclass(let classes): Float(Int(score.magnitude) % classes)
      case .regression: 100 + 20 * score
      }
    batch.labels[place] = random.nextUnit() < unlabelled ? .nan : label
    batch.weights?[place] = 1
    batch.keys[place] = UInt64(row)
  }
}

extension RecipeModel {
  /// A step of one rank.
  @discardableResult
  func step(_ batch: FeatureBatch) -> (local: LocalStep, update: Update) {
    predict(batch)
    let local = backward(batch)
    absorbOwn()
    return (local, apply(labelled: local.labelled, weight: local.weight, lossSum: local.lossSum))
  }

  /// All that the next step depends on.
  var wholeState: [UInt8] { encodeState() + (encodeMemory() ?? []) }

  /// Learns records in steps of so many; the mean loss of the last half.
  @discardableResult
  func learn(_ stream: RecipeStream, _ records: Range<Int>, step size: Int) -> Double {
    var (losses, weight) = (0.0, 0.0)
    for first in stride(from: records.lowerBound, to: records.upperBound, by: size) {
      let (local, _) = step(stream.batch(first..<min(first + size, records.upperBound)))
      guard first >= (records.lowerBound + records.upperBound) / 2 else { continue }
      losses += local.lossSum
      weight += local.weight
    }
    return losses / max(weight, 1)
  }
}
