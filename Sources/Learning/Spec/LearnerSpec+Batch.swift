public import Tensors

extension LearnerSpec {
  /// Columns of a batch's categories: one a value that a record may have, and one more where it may have a row of its own.
  public var categoryColumns: Int { categories.reduce(0) { $0 + $1.columns } }

  /// Columns of embeddings in a network's input.
  public var embeddedWidth: Int {
    categories.reduce(0) { $0 + $1.dimension } + weighted.reduce(0) { $0 + $1.dimension }
  }

  /// An empty batch of the shape that a learner of this spec reads.
  ///
  /// - Parameters:
  ///   - weightedCapacity: Room for pairs of each sparse input, to begin with.
  ///   - weighsRecords: Whether each record has a weight.
  public func makeBatch(capacity: Int, weightedCapacity: Int = 0, weighsRecords: Bool = false) -> FeatureBatch {
    FeatureBatch(
      capacity: capacity, numberCount: numbers.count, categoryCount: categoryColumns, labelCount: heads.count,
      weightedCount: weighted.count, weightedCapacity: weightedCapacity, weighsRecords: weighsRecords)
  }
}
