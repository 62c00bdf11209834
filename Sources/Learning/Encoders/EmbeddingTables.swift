package import Tensors
import Vocabulary

/// The tables of categories: for each category its embedding rows and, with a wide part, one weight a row and output. A category
/// with several values a record, a bag, combines their rows into one.
///
/// A *row* is numbered over all tables: `firstRow[feature] + bucket`. Behind a table's buckets are the rows that values have
/// for themselves; which row a value of a batch has, `resolve` says.
package final class EmbeddingTables {
  package struct Table {
    let name: String
    /// Its rows, those of their own included.
    package let buckets: Int
    let dimension: Int
    /// Number of the table's first row among all rows.
    package let firstRow: Int
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

  package let tables: [Table]
  /// Of these the categories', which come first, and those of sparse inputs.
  let categories, weighted: [Table]
  let rowCount: Int
  /// Those with wide weights come first.
  let wideRowCount: Int
  /// Columns of a batch's categories.
  let columnCount: Int
  /// One a value that a record may have: columns of resolved values.
  let valueCount: Int
  /// By feature that has them.
  package let dictionaries: [ValueDictionary]
  /// By table of a category: which hashed rows were met.
  let occupancies: [RowOccupancy]
  /// Outputs of the wide part, over all heads; 0 without one.
  let wideWidth: Int
  /// All embeddings, table after table, [buckets × dimension] each.
  package let weights: AlignedBuffer<Float>
  /// Shape [wideRowCount × wideWidth].
  package let wideWeights: AlignedBuffer<Float>
  /// nil: nobody asks which rows change.
  var rowNotes: RowNotes?

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
    (categories, weighted) = (tables.filter { !$0.isWeighted }, tables.filter(\.isWeighted))
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
  package func gradientWidth(_ table: Table) -> Int { table.dimension + (table.isWide ? wideWidth : 0) }

  func wideRows(_ table: Table) -> UnsafeMutablePointer<Float> { wideWeights.pointer + table.firstRow * wideWidth }

  /// What each value of a record's bag weighs; 1 where it is none.
  @inline(__always)
  func bagScale(_ values: ResolvedRows, _ row: Int, _ table: Table) -> Float {
    guard table.isBag else { return 1 }
    return table.combiner.scale(
      table.slots.count { values[row, $0] != FeatureBatch.noCategory })
  }

  /// One row's weights become another's too.
  func copyRow(_ table: Table, from: Int, to: Int) {
    rowNotes?.mark(table.firstRow + to)
    func copy(_ values: UnsafeMutablePointer<Float>, _ width: Int) {
      (values + to * width).update(from: values + from * width, count: width)
    }
    copy(weights.pointer + table.offset, table.dimension)
    if wideWidth > 0 { copy(wideRows(table), wideWidth) }
  }
}
