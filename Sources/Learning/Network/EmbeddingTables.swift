import Tensors
import Vocabulary

/// The tables of categories: for each category its embedding rows and, with a wide part, one weight a row and output. A category
/// with several values a record, a bag, combines their rows into one.
///
/// A *row* is numbered over all tables: `firstRow[feature] + bucket`. Behind a table's buckets are the rows that values have
/// for themselves; which row a value of a batch has, `resolve` says.
final class EmbeddingTables {
  struct Table {
    let name: String
    /// Its rows, those of their own included.
    let buckets: Int
    let dimension: Int
    /// Number of the table's first row among all rows.
    let firstRow: Int
    /// Index of its first element in `weights`.
    let offset: Int
    /// First column in the network's input.
    let column: Int
    /// Its columns among the resolved values.
    let slots: Range<Int>
    /// Its first column in a batch.
    let batchColumn: Int
    /// Which rows hashed values share.
    let hashed: HashedRows
    /// Place among `dictionaries`; nil: no value has a row of its own.
    let dictionary: Int?
    let combiner: BagCombiner
    var isBag: Bool { slots.count > 1 }
    /// Bits that a bucket's number needs.
    var keyBits: Int { max(1, Int.bitWidth - (buckets - 1).leadingZeroBitCount) }
    /// Which of a batch's sparse inputs its rows come from; nil: its categories.
    let weightedPlace: Int?
    /// Whether each row has wide weights too, where the model has a wide part.
    let isWide: Bool
    var isWeighted: Bool { weightedPlace != nil }
  }

  let tables: [Table]
  let rowCount: Int
  /// Those with wide weights come first.
  let wideRowCount: Int
  /// Columns of a batch's categories.
  let columnCount: Int
  /// One a value that a record may have: columns of resolved values.
  let valueCount: Int
  /// By feature that has them.
  let dictionaries: [ValueDictionary]
  /// By table of a category: which hashed rows were met.
  let occupancies: [RowOccupancy]
  /// Outputs of the wide part, over all heads; 0 without one.
  let wideWidth: Int
  /// All embeddings, table after table, [buckets × dimension] each.
  let weights: AlignedBuffer<Float>
  /// Shape [wideRowCount × wideWidth].
  let wideWeights: AlignedBuffer<Float>

  init(_ spec: LearnerSpec) {
    var tables: [Table] = []
    var row = 0
    var offset = 0
    var column = 0
    var (slot, batchColumn) = (0, 0)
    var dictionaries: [ValueDictionary] = []
    var occupancies: [RowOccupancy] = []
    for category in spec.categories {
      // A linear model has no embeddings: wide weights only.
      let dimension = spec.kind == .linear ? 0 : category.dimension
      precondition(
        category.buckets > 0 && category.dimension > 0 && category.slots > 0,
        "category \(category.name) needs buckets, a dimension and room for a value")
      tables.append(
        Table(
          name: category.name, buckets: category.rows, dimension: dimension, firstRow: row, offset: offset,
          column: column, slots: slot..<(slot + category.slots), batchColumn: batchColumn,
          hashed: HashedRows(category), dictionary: category.ownRows > 0 ? dictionaries.count : nil,
          combiner: category.combiner.kernel, weightedPlace: nil, isWide: true))
      if category.ownRows > 0 { dictionaries.append(ValueDictionary(category)) }
      occupancies.append(RowOccupancy(HashedRows(category)))
      row += category.rows
      offset += category.rows * dimension
      column += dimension
      slot += category.slots
      batchColumn += category.columns
    }
    var wideRows = row
    for (place, input) in spec.weighted.enumerated() {
      precondition(
        !input.activates || (spec.kind == .network && place + 1 == spec.weighted.count),
        "a first layer of weighted rows comes last, and is none of a linear model")
      let dimension = spec.kind == .linear ? 0 : input.dimension
      tables.append(
        Table(
          name: input.name, buckets: input.rows, dimension: dimension, firstRow: row, offset: offset,
          column: column, slots: slot..<slot, batchColumn: 0, hashed: HashedRows(first: 0, count: 1), dictionary: nil,
          combiner: .sum, weightedPlace: place, isWide: !input.activates))
      row += input.rows
      if !input.activates { wideRows = row }
      offset += input.rows * dimension
      column += dimension
    }
    wideRowCount = wideRows
    precondition(row <= Int(UInt32.max), "more than 2³² embedding rows")
    self.tables = tables
    rowCount = row
    columnCount = batchColumn
    valueCount = slot
    (self.dictionaries, self.occupancies) = (dictionaries, occupancies)
    wideWidth = spec.hasWidePart ? spec.totalOutputs : 0
    weights = AlignedBuffer(count: offset)
    wideWeights = AlignedBuffer(count: wideRowCount * wideWidth)
  }

  /// Embeddings begin small and random, wide weights at zero.
  func initialize(from random: inout SplitMix64) {
    for index in 0..<weights.count {
      weights[index] = Initialization.uniform(Double(Initialization.embeddingLimit), &random)
    }
  }

  /// Floats of one row's gradient: embedding, then wide weights.
  func gradientWidth(_ table: Table) -> Int { table.dimension + (table.isWide ? wideWidth : 0) }

  func wideRows(_ table: Table) -> UnsafeMutablePointer<Float> { wideWeights.pointer + table.firstRow * wideWidth }

  /// Copies each record's rows, a bag's combined, into the first columns of `x`.
  func gather(_ batch: FeatureBatch, _ values: ResolvedRows, into x: Rows) {
    for table in tables where table.dimension > 0 {
      let indices = values.pointer + table.slots.lowerBound
      let rows = weights.pointer + table.offset
      if let place = table.weightedPlace {
        TableKernels.gatherWeighted(
          rows: batch.count, width: table.dimension, table: rows, pairs: batch.weighted[place],
          x: x.column(table.column))
      } else if table.isBag {
        TableKernels.gatherBag(
          rows: batch.count, width: table.dimension, table: rows, indices: indices, slots: table.slots.count,
          stride: values.stride, combiner: table.combiner, x: x.column(table.column))
      } else {
        TableKernels.gather(
          rows: batch.count, width: table.dimension, table: rows, indices: indices, stride: values.stride,
          x: x.column(table.column))
      }
    }
  }

  /// Adds each record's wide weights to the heads' logits, feature by feature.
  func addWide(_ batch: FeatureBatch, _ values: ResolvedRows, to heads: [Head]) {
    guard wideWidth > 0 else { return }
    for table in tables where table.isWide {
      let rows = wideRows(table)
      if let place = table.weightedPlace {
        add(batch.weighted[place], count: batch.count, of: rows, to: heads)
        continue
      }
      if wideWidth == 1, table.slots.count == 1 {
        addSingle(values, table.slots.lowerBound, count: batch.count, of: rows, to: heads[0].logits)
        continue
      }
      for head in heads {
        for row in 0..<batch.count {
          let scale = bagScale(values, row, table)
          let to = head.logits.from(row)
          for slot in table.slots {
            let bucket = values[row, slot]
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
    _ values: ResolvedRows, _ slot: Int, count: Int, of weights: UnsafePointer<Float>, to logits: Rows
  ) {
    for row in 0..<count { logits.from(row).pointee += weights[Int(values[row, slot])] }
  }

  /// The same for weighted rows.
  private func add(_ pairs: WeightedRows, count: Int, of weights: UnsafePointer<Float>, to heads: [Head]) {
    let (rows, factors) = (pairs.rows, pairs.weights)
    for head in heads {
      for row in 0..<count {
        let to = head.logits.from(row)
        for place in pairs.places(of: row) {
          let from = weights + Int(rows[place]) * wideWidth + head.wideColumn
          for output in 0..<head.shape.outputs { to[output] += factors[place] * from[output] }
        }
      }
    }
  }

  /// What each value of a record's bag weighs; 1 where it is none.
  @inline(__always)
  func bagScale(_ values: ResolvedRows, _ row: Int, _ table: Table) -> Float {
    guard table.isBag else { return 1 }
    return table.combiner.scale(
      table.slots.count { values[row, $0] != FeatureBatch.noCategory })
  }

  /// Traps on a bucket outside its table: such a batch does not belong to this spec.
  func checkBuckets(_ batch: FeatureBatch, _ values: ResolvedRows) {
    for table in tables {
      let limit = UInt32(table.buckets)
      var isInside = true
      if let weighted = table.weightedPlace {
        let (pairs, rows) = (batch.weighted[weighted], batch.weighted[weighted].rows)
        for place in 0..<pairs.count(of: batch.count) where rows[place] >= limit { isInside = false }
      }
      for slot in table.slots {
        for row in 0..<batch.count {
          let bucket = values[row, slot]
          if bucket >= limit && !(table.isBag && bucket == FeatureBatch.noCategory) { isInside = false }
        }
      }
      precondition(isInside, "a bucket of \(table.name) lies outside its table")
    }
  }
}
