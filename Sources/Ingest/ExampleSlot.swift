public import Tensors

/// Where one decoded record goes: a row of a `PartitionBuffer` or of a `FeatureBatch`.
///
/// Pointers only; whoever hands a slot out keeps the memory alive, and one thread at a time uses it.
public struct ExampleSlot {
  /// Shape [numeric features]: raw units, clipped; NaN: absent. Never infinite.
  public let numbers: UnsafeMutablePointer<Float>
  /// Shape [category columns]: the bucket within the feature's table; 0: absent. A list has several columns; with rows of
  /// their own, as `FeatureBatch` says.
  public let categories: UnsafeMutablePointer<UInt32>
  /// Shape [heads]: 0 or 1 (binary), the class index (multiclass) or the value (regression); NaN: absent.
  public let labels: UnsafeMutablePointer<Float>
  /// Epoch seconds, UTC; NaN when the schema declares none.
  public let eventTime: UnsafeMutablePointer<Double>
  /// How much the record counts, 0 … `FeatureSchema.weightMax`; written where the schema declares it. nil: nobody asks.
  public let weight: UnsafeMutablePointer<Float>?
  let pairs: PairPlace

  /// Where the pairs of sparse inputs go.
  enum PairPlace {
    case nowhere
    case row(Int, of: Unmanaged<FeatureBatch>)
    case place(Int, in: Unmanaged<PairRing>)
  }

  /// Without sparse inputs.
  public init(
    numbers: UnsafeMutablePointer<Float>, categories: UnsafeMutablePointer<UInt32>,
    labels: UnsafeMutablePointer<Float>, eventTime: UnsafeMutablePointer<Double>,
    weight: UnsafeMutablePointer<Float>? = nil
  ) {
    self.init(
      numbers: numbers, categories: categories, labels: labels, eventTime: eventTime, weight: weight, pairs: .nowhere)
  }

  init(
    numbers: UnsafeMutablePointer<Float>, categories: UnsafeMutablePointer<UInt32>,
    labels: UnsafeMutablePointer<Float>, eventTime: UnsafeMutablePointer<Double>, weight: UnsafeMutablePointer<Float>?,
    pairs: PairPlace
  ) {
    self.pairs = pairs
    self.numbers = numbers
    self.categories = categories
    self.labels = labels
    self.eventTime = eventTime
    self.weight = weight
  }

  /// Row `row` of a batch, of which all before it are complete where there are sparse inputs; the event time goes to
  /// `eventTime`, for which a batch has no room.
  public init(row: Int, of batch: FeatureBatch, eventTime: UnsafeMutablePointer<Double>) {
    precondition(row >= 0 && row < batch.capacity, "row \(row) of a batch of \(batch.capacity)")
    self.init(
      numbers: batch.numbers + row * batch.numberCount, categories: batch.categories + row * batch.categoryCount,
      labels: batch.labels + row * batch.labelCount, eventTime: eventTime, weight: batch.weights.map { $0 + row },
      pairs: .row(row, of: .passUnretained(batch)))
  }
}
