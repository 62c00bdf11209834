import Tensors

extension LearnerSpec {
  /// Columns of a batch's categories: one a value that a record may have.
  public var categoryColumns: Int { categories.reduce(0) { $0 + $1.slots } }

  /// An empty batch of the shape that a learner of this spec reads.
  ///
  /// - Parameter weightedCapacity: Room for the pairs of all rows, where the spec reads weighted rows.
  public func makeBatch(capacity: Int, weightedCapacity: Int = 0) -> FeatureBatch {
    FeatureBatch(
      capacity: capacity, numberCount: numbers.count, categoryCount: categoryColumns, labelCount: heads.count,
      weightedCapacity: weighted == nil ? 0 : weightedCapacity)
  }
}
