/// Rows of one step as they come from ingest. One thread at a time.
public final class FeatureBatch {
  /// In a column of a bag: no value.
  public static let noCategory = UInt32.max

  /// The most rows it holds.
  public let capacity: Int
  public let numberCount: Int
  public let categoryCount: Int
  /// Rows in use, 0 … capacity.
  public var count: Int = 0 {
    didSet { precondition(count >= 0 && count <= capacity, "a batch of \(capacity) rows cannot hold \(count)") }
  }
  /// Shape [capacity × numberCount], row-major, raw units, already clipped to the schema; NaN: absent.
  public let numbers: UnsafeMutablePointer<Float>
  /// Shape [capacity × categoryCount], row-major; the bucket within the feature's own table. A bag of values takes several
  /// columns, those that are not used `noCategory`. Where values may have rows of their own, as many columns stand behind
  /// these: 0, or the high half of the value's hash, whose low half stands in the place of the bucket.
  public let categories: UnsafeMutablePointer<UInt32>
  /// Labels a row, one a head of the model.
  public let labelCount: Int
  /// Shape [capacity × labelCount], row-major: 0 or 1 (binary), the class index (multiclass) or the value (regression);
  /// NaN: absent.
  public let labels: UnsafeMutablePointer<Float>

  /// Shape [capacity]: how much each record counts, finite and ≥ 0; 0: it is answered and teaches nothing. nil: each counts 1.
  public let weights: UnsafeMutablePointer<Float>?

  /// Shape [capacity]: what names a row wherever it is learned, such as a hash of partition and offset; decides what
  /// dropout drops.
  public let keys: UnsafeMutablePointer<UInt64>

  /// Sparse inputs, for models that read them, one list of pairs a record each; the records in order.
  public let weighted: [WeightedRows]

  private let numberStorage: AlignedBuffer<Float>
  private let categoryStorage: AlignedBuffer<UInt32>
  private let labelStorage: AlignedBuffer<Float>
  private let weightStorage: AlignedBuffer<Float>?
  private let keyStorage: AlignedBuffer<UInt64>

  /// - Parameters:
  ///   - weightedCount: Sparse inputs.
  ///   - weightedCapacity: Room for pairs of each, to begin with.
  ///   - weighsRecords: Whether records have weights, each 1 until it is written.
  public init(
    capacity: Int, numberCount: Int, categoryCount: Int, labelCount: Int = 1, weightedCount: Int = 0,
    weightedCapacity: Int = 0, weighsRecords: Bool = false
  ) {
    precondition(capacity > 0 && numberCount >= 0 && categoryCount >= 0 && labelCount > 0)
    self.capacity = capacity
    self.numberCount = numberCount
    self.categoryCount = categoryCount
    self.labelCount = labelCount
    weighted = (0..<weightedCount).map { _ in WeightedRows(capacity: weightedCapacity, records: capacity) }
    numberStorage = AlignedBuffer(count: capacity * numberCount)
    categoryStorage = AlignedBuffer(count: capacity * categoryCount)
    labelStorage = AlignedBuffer(count: capacity * labelCount)
    weightStorage = weighsRecords ? AlignedBuffer(count: capacity) : nil
    weightStorage?.buffer.update(repeating: 1)
    keyStorage = AlignedBuffer(count: capacity)
    weights = weightStorage?.pointer
    numbers = numberStorage.pointer
    categories = categoryStorage.pointer
    labels = labelStorage.pointer
    keys = keyStorage.pointer
  }

  /// Whether a row has the primary label and counts: what is learned from.
  @inline(__always)
  public func teaches(_ row: Int) -> Bool {
    if labels[row * labelCount].isNaN { return false }
    guard let weights else { return true }
    return weights[row] > 0
  }

  /// An empty batch for the rows of another.
  public convenience init(like other: FeatureBatch, capacity: Int? = nil) {
    self.init(
      capacity: capacity ?? other.capacity, numberCount: other.numberCount, categoryCount: other.categoryCount,
      labelCount: other.labelCount, weightedCount: other.weighted.count, weighsRecords: other.weights != nil)
  }

  /// Takes all rows in use of another batch of the same shape, instead of its own.
  public func copyRows(of other: FeatureBatch) {
    count = other.count
    for row in 0..<count { copyRow(row, of: other, to: row) }
  }

  /// Takes one row of another batch of the same shape; with sparse inputs, rows in ascending order of `target`.
  public func copyRow(_ row: Int, of other: FeatureBatch, to target: Int) {
    precondition(
      other.numberCount == numberCount && other.categoryCount == categoryCount && other.labelCount == labelCount
        && other.weighted.count == weighted.count)
    precondition(row < other.capacity && target < capacity)
    (numbers + target * numberCount).update(from: other.numbers + row * numberCount, count: numberCount)
    (categories + target * categoryCount).update(from: other.categories + row * categoryCount, count: categoryCount)
    (labels + target * labelCount).update(from: other.labels + row * labelCount, count: labelCount)
    keys[target] = other.keys[row]
    weights?[target] = other.weights?[row] ?? 1
    for (place, pairs) in weighted.enumerated() { pairs.copy(row, of: other.weighted[place], to: target) }
  }
}
