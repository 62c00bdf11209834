public import Tensors

/// The form of the batches that a model reads.
public struct BatchShape: Sendable, Hashable {
  /// Numbers a record.
  public var numbers: Int
  /// Columns of categories: one a value that a record may have, and one more where it may have a row of its own.
  public var categoryColumns: Int
  /// Labels a record, one a head.
  public var labels: Int
  /// Sparse inputs.
  public var sparse: Int

  /// An empty batch.
  ///
  /// - Parameters:
  ///   - weightedCapacity: Room for pairs of each sparse input, to begin with.
  ///   - weighsRecords: Whether each record has a weight.
  public func makeBatch(capacity: Int, weightedCapacity: Int = 0, weighsRecords: Bool = false) -> FeatureBatch {
    FeatureBatch(
      capacity: capacity, numberCount: numbers, categoryCount: categoryColumns, labelCount: labels,
      weightedCount: sparse, weightedCapacity: weightedCapacity, weighsRecords: weighsRecords)
  }
}

extension LearnerSpec {
  /// Columns of a batch's categories: one a value that a record may have, and one more where it may have a row of its own.
  public var categoryColumns: Int { inputs.categories.reduce(0) { $0 + $1.columns } }

  /// Columns of embeddings in a network's input.
  public var embeddedWidth: Int {
    inputs.categories.reduce(0) { $0 + $1.dimension } + inputs.weighted.reduce(0) { $0 + $1.dimension }
  }

  public var batchShape: BatchShape {
    BatchShape(
      numbers: inputs.numbers.count, categoryColumns: categoryColumns, labels: heads.count,
      sparse: inputs.weighted.count)
  }

  /// An empty batch of the shape that a learner of this spec reads.
  ///
  /// - Parameters:
  ///   - weightedCapacity: Room for pairs of each sparse input, to begin with.
  ///   - weighsRecords: Whether each record has a weight.
  public func makeBatch(capacity: Int, weightedCapacity: Int = 0, weighsRecords: Bool = false) -> FeatureBatch {
    batchShape.makeBatch(capacity: capacity, weightedCapacity: weightedCapacity, weighsRecords: weighsRecords)
  }
}
