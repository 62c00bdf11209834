import Tensors
import Vocabulary

/// The hashed tables: for each category its embedding rows and, with a wide part, one weight a row and output.
///
/// A *row* is numbered over all tables: `firstRow[feature] + bucket`.
final class EmbeddingTables {
  struct Table {
    let name: String
    let buckets, dimension: Int
    /// Number of the table's first row among all rows.
    let firstRow: Int
    /// Index of its first element in `weights`.
    let offset: Int
    /// First column in the network's input.
    let column: Int
  }

  let tables: [Table]
  let rowCount: Int
  /// Outputs of the wide part; 0 without one.
  let wideWidth: Int
  /// All embeddings, table after table, [buckets × dimension] each.
  let weights: AlignedBuffer<Float>
  /// Shape [rowCount × wideWidth].
  let wideWeights: AlignedBuffer<Float>
  /// Bits that a row's number needs.
  let keyBits: Int

  init(_ spec: LearnerSpec) {
    var tables: [Table] = []
    var row = 0
    var offset = 0
    var column = 0
    for category in spec.categories {
      precondition(
        category.buckets > 0 && category.dimension > 0, "category \(category.name) needs buckets and a dimension")
      tables.append(
        Table(
          name: category.name, buckets: category.buckets, dimension: category.dimension, firstRow: row, offset: offset,
          column: column))
      row += category.buckets
      offset += category.buckets * category.dimension
      column += category.dimension
    }
    precondition(row <= Int(UInt32.max), "more than 2³² embedding rows")
    self.tables = tables
    rowCount = row
    wideWidth = spec.wide ? spec.outputCount : 0
    weights = AlignedBuffer(count: offset)
    wideWeights = AlignedBuffer(count: row * wideWidth)
    keyBits = max(1, Int.bitWidth - max(row - 1, 1).leadingZeroBitCount)
  }

  /// Embeddings begin small and random, wide weights at zero.
  func initialize(from random: inout SplitMix64) {
    for index in 0..<weights.count {
      weights[index] = Initialization.uniform(Double(Initialization.embeddingLimit), &random)
    }
  }

  /// Floats of one row's gradient: embedding, then wide weights.
  func gradientWidth(_ table: Table) -> Int { table.dimension + wideWidth }

  func wideRows(_ table: Table) -> UnsafeMutablePointer<Float> { wideWeights.pointer + table.firstRow * wideWidth }

  /// Copies each record's rows into the first columns of `x`.
  func gather(_ batch: FeatureBatch, into x: Rows) {
    for (feature, table) in tables.enumerated() {
      TableKernels.gather(
        rows: batch.count, width: table.dimension, table: weights.pointer + table.offset,
        indices: batch.categories + feature, stride: batch.categoryCount, x: x.column(table.column))
    }
  }

  /// Adds each record's wide weights to its logits, feature by feature.
  func addWide(_ batch: FeatureBatch, to logits: Rows) {
    guard wideWidth > 0 else { return }
    for (feature, table) in tables.enumerated() {
      let rows = wideRows(table)
      for row in 0..<batch.count {
        let from = rows + Int(batch.categories[row * batch.categoryCount + feature]) * wideWidth
        let to = logits.from(row)
        for output in 0..<wideWidth { to[output] += from[output] }
      }
    }
  }

  /// Traps on a bucket outside its table: such a batch does not belong to this spec.
  func checkBuckets(_ batch: FeatureBatch) {
    for (feature, table) in tables.enumerated() {
      let limit = UInt32(table.buckets)
      var isInside = true
      for row in 0..<batch.count where batch.categories[row * batch.categoryCount + feature] >= limit {
        isInside = false
      }
      precondition(isInside, "a bucket of \(table.name) lies outside its table")
    }
  }
}
