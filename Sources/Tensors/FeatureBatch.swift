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
  /// columns, those that are not used `noCategory`.
  public let categories: UnsafeMutablePointer<UInt32>
  /// Labels a row, one a head of the model.
  public let labelCount: Int
  /// Shape [capacity × labelCount], row-major: 0 or 1 (binary), the class index (multiclass) or the value (regression);
  /// NaN: absent.
  public let labels: UnsafeMutablePointer<Float>

  /// Shape [capacity]: what names a row wherever it is learned, such as a hash of partition and offset; decides what
  /// dropout drops.
  public let keys: UnsafeMutablePointer<UInt64>

  /// Sparse inputs, for models that read them; the records in order, each begun with `open`.
  public let weighted: WeightedRows?

  private let numberStorage: AlignedBuffer<Float>
  private let categoryStorage: AlignedBuffer<UInt32>
  private let labelStorage: AlignedBuffer<Float>
  private let keyStorage: AlignedBuffer<UInt64>

  public init(capacity: Int, numberCount: Int, categoryCount: Int, labelCount: Int = 1, weightedCapacity: Int = 0) {
    precondition(capacity > 0 && numberCount >= 0 && categoryCount >= 0 && labelCount > 0)
    self.capacity = capacity
    self.numberCount = numberCount
    self.categoryCount = categoryCount
    self.labelCount = labelCount
    weighted = weightedCapacity > 0 ? WeightedRows(capacity: weightedCapacity, records: capacity) : nil
    numberStorage = AlignedBuffer(count: capacity * numberCount)
    categoryStorage = AlignedBuffer(count: capacity * categoryCount)
    labelStorage = AlignedBuffer(count: capacity * labelCount)
    keyStorage = AlignedBuffer(count: capacity)
    numbers = numberStorage.pointer
    categories = categoryStorage.pointer
    labels = labelStorage.pointer
    keys = keyStorage.pointer
  }

  /// Takes one row of another batch of the same shape; with sparse inputs, rows in ascending order of `target`.
  public func copyRow(_ row: Int, of other: FeatureBatch, to target: Int) {
    precondition(
      other.numberCount == numberCount && other.categoryCount == categoryCount && other.labelCount == labelCount)
    precondition(row < other.capacity && target < capacity)
    (numbers + target * numberCount).update(from: other.numbers + row * numberCount, count: numberCount)
    (categories + target * categoryCount).update(from: other.categories + row * categoryCount, count: categoryCount)
    (labels + target * labelCount).update(from: other.labels + row * labelCount, count: labelCount)
    keys[target] = other.keys[row]
    if let pairs = other.weighted { weighted?.copy(row, of: pairs, to: target) }
  }
}
