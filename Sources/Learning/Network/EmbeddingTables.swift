import Tensors
import Vocabulary

/// The hashed tables: for each category its embedding rows and, with a wide part, one weight a row and output. A category
/// with several values a record, a bag, combines their rows into one.
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
    /// Its columns among a batch's categories.
    let slots: Range<Int>
    let combiner: BagCombiner
    var isBag: Bool { slots.count > 1 }
    /// Bits that a bucket's number needs.
    var keyBits: Int { max(1, Int.bitWidth - (buckets - 1).leadingZeroBitCount) }
    /// Its rows come from a batch's weighted pairs.
    var isWeighted: Bool { slots.isEmpty }
  }

  let tables: [Table]
  let rowCount: Int
  /// Rows of the categories' tables: those with wide weights.
  let categoryRowCount: Int
  /// The table that weighted pairs pick from; nil: none.
  let weighted: Table?
  /// Columns of a batch's categories.
  let columnCount: Int
  /// Outputs of the wide part, over all heads; 0 without one.
  let wideWidth: Int
  /// All embeddings, table after table, [buckets × dimension] each.
  let weights: AlignedBuffer<Float>
  /// Shape [categoryRowCount × wideWidth].
  let wideWeights: AlignedBuffer<Float>

  init(_ spec: LearnerSpec) {
    var tables: [Table] = []
    var row = 0
    var offset = 0
    var column = 0
    var slot = 0
    for category in spec.categories {
      // A linear model has no embeddings: wide weights only.
      let dimension = spec.kind == .linear ? 0 : category.dimension
      precondition(
        category.buckets > 0 && category.dimension > 0 && category.slots > 0,
        "category \(category.name) needs buckets, a dimension and room for a value")
      tables.append(
        Table(
          name: category.name, buckets: category.buckets, dimension: dimension, firstRow: row, offset: offset,
          column: column, slots: slot..<(slot + category.slots), combiner: category.combiner.kernel))
      row += category.buckets
      offset += category.buckets * dimension
      column += dimension
      slot += category.slots
    }
    categoryRowCount = row
    if let input = spec.weighted, spec.kind == .network {
      tables.append(
        Table(
          name: input.name, buckets: input.rows, dimension: input.dimension, firstRow: row, offset: offset,
          column: column, slots: 0..<0, combiner: .sum))
      row += input.rows
      offset += input.rows * input.dimension
    }
    precondition(row <= Int(UInt32.max), "more than 2³² embedding rows")
    self.tables = tables
    weighted = tables.last.flatMap { $0.isWeighted ? $0 : nil }
    rowCount = row
    columnCount = slot
    wideWidth = spec.hasWidePart ? spec.totalOutputs : 0
    weights = AlignedBuffer(count: offset)
    wideWeights = AlignedBuffer(count: categoryRowCount * wideWidth)
  }

  /// Embeddings begin small and random, wide weights at zero.
  func initialize(from random: inout SplitMix64) {
    for index in 0..<weights.count {
      weights[index] = Initialization.uniform(Double(Initialization.embeddingLimit), &random)
    }
  }

  /// Floats of one row's gradient: embedding, then wide weights.
  func gradientWidth(_ table: Table) -> Int { table.dimension + (table.isWeighted ? 0 : wideWidth) }

  func wideRows(_ table: Table) -> UnsafeMutablePointer<Float> { wideWeights.pointer + table.firstRow * wideWidth }

  /// Copies each record's rows, a bag's combined, into the first columns of `x`.
  func gather(_ batch: FeatureBatch, into x: Rows) {
    for table in tables where table.dimension > 0 {
      let indices = batch.categories + table.slots.lowerBound
      let rows = weights.pointer + table.offset
      if table.isWeighted {
        guard let pairs = batch.weighted else { preconditionFailure("a batch without weighted rows") }
        TableKernels.gatherWeighted(
          rows: batch.count, width: table.dimension, table: rows, pairs: pairs, x: x.column(table.column))
      } else if table.isBag {
        TableKernels.gatherBag(
          rows: batch.count, width: table.dimension, table: rows, indices: indices, slots: table.slots.count,
          stride: columnCount, combiner: table.combiner, x: x.column(table.column))
      } else {
        TableKernels.gather(
          rows: batch.count, width: table.dimension, table: rows, indices: indices, stride: columnCount,
          x: x.column(table.column))
      }
    }
  }

  /// Adds each record's wide weights to the heads' logits, feature by feature.
  func addWide(_ batch: FeatureBatch, to heads: [Head]) {
    guard wideWidth > 0 else { return }
    for table in tables {
      let rows = wideRows(table)
      if wideWidth == 1, table.slots.count == 1 {
        addSingle(batch.categories + table.slots.lowerBound, count: batch.count, of: rows, to: heads[0].logits)
        continue
      }
      for head in heads {
        for row in 0..<batch.count {
          let scale = bagScale(batch, row, table)
          let to = head.logits.from(row)
          for slot in table.slots {
            let bucket = batch.categories[row * columnCount + slot]
            if bucket == FeatureBatch.noCategory { continue }
            let from = rows + Int(bucket) * wideWidth + head.wideColumn
            for output in 0..<head.shape.outputs { to[output] += scale * from[output] }
          }
        }
      }
    }
  }

  /// The same for one output and one value a record.
  private func addSingle(
    _ buckets: UnsafePointer<UInt32>, count: Int, of weights: UnsafePointer<Float>, to logits: Rows
  ) {
    for row in 0..<count { logits.from(row).pointee += weights[Int(buckets[row * columnCount])] }
  }

  /// What each value of a record's bag weighs; 1 where it is none.
  @inline(__always)
  func bagScale(_ batch: FeatureBatch, _ row: Int, _ table: Table) -> Float {
    guard table.isBag else { return 1 }
    return table.combiner.scale(
      table.slots.count { batch.categories[row * columnCount + $0] != FeatureBatch.noCategory })
  }

  /// Traps on a bucket outside its table: such a batch does not belong to this spec.
  func checkBuckets(_ batch: FeatureBatch) {
    for table in tables {
      let limit = UInt32(table.buckets)
      var isInside = true
      if table.isWeighted, let pairs = batch.weighted {
        for place in 0..<Int(pairs.starts[batch.count]) where pairs.rows[place] >= limit { isInside = false }
      }
      for slot in table.slots {
        for row in 0..<batch.count {
          let bucket = batch.categories[row * columnCount + slot]
          if bucket >= limit && !(table.isBag && bucket == FeatureBatch.noCategory) { isInside = false }
        }
      }
      precondition(isInside, "a bucket of \(table.name) lies outside its table")
    }
  }
}
