/// Sparse inputs of a batch: for each record a list of table rows, each with a weight. One thread at a time.
public final class WeightedRows {
  /// The most pairs of all records together.
  public let capacity: Int
  /// Shape [records + 1]: the pairs of record r lie at `starts[r] ..< starts[r + 1]`.
  public let starts: UnsafeMutablePointer<Int32>
  /// Shape [capacity].
  public let rows: UnsafeMutablePointer<UInt32>
  public let weights: UnsafeMutablePointer<Float>

  private let startStorage: AlignedBuffer<Int32>
  private let rowStorage: AlignedBuffer<UInt32>
  private let weightStorage: AlignedBuffer<Float>

  init(capacity: Int, records: Int) {
    precondition(capacity < Int(Int32.max))
    self.capacity = capacity
    startStorage = AlignedBuffer(count: records + 1)
    rowStorage = AlignedBuffer(count: capacity)
    weightStorage = AlignedBuffer(count: capacity)
    starts = startStorage.pointer
    rows = rowStorage.pointer
    weights = weightStorage.pointer
  }

  /// Adds a pair to the list of `record`, whose predecessors are complete; begin each record with `open`.
  @inline(__always)
  public func append(row: UInt32, weight: Float, to record: Int) {
    let place = Int(starts[record + 1])
    precondition(place < capacity, "no room for another pair")
    rows[place] = row
    weights[place] = weight
    starts[record + 1] += 1
  }

  /// Begins the list of `record`, behind that of the one before.
  public func open(_ record: Int) { starts[record + 1] = starts[record] }

  func copy(_ record: Int, of other: WeightedRows, to target: Int) {
    open(target)
    for place in Int(other.starts[record])..<Int(other.starts[record + 1]) {
      append(row: other.rows[place], weight: other.weights[place], to: target)
    }
  }
}
