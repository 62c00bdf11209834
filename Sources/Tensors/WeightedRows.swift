/// One sparse input of a batch: for each record a list of table rows, each with a weight. Grows to the largest batch and
/// stays there. One thread at a time.
public final class WeightedRows {
  /// Shape [records + 1]: the pairs of record r lie at `starts[r] ..< starts[r + 1]`.
  public let starts: UnsafeMutablePointer<Int32>
  /// Valid until the next pair is added.
  public var rows: UnsafeMutablePointer<UInt32> { rowStorage.pointer }
  public var weights: UnsafeMutablePointer<Float> { weightStorage.pointer }

  private let startStorage: AlignedBuffer<Int32>
  private var rowStorage: AlignedBuffer<UInt32>
  private var weightStorage: AlignedBuffer<Float>

  init(capacity: Int, records: Int) {
    startStorage = AlignedBuffer(count: records + 1)
    rowStorage = AlignedBuffer(count: capacity)
    weightStorage = AlignedBuffer(count: capacity)
    starts = startStorage.pointer
  }

  /// Pairs of the first `records` records together.
  public func count(of records: Int) -> Int { Int(starts[records]) }

  /// The places of a record's pairs.
  public func places(of record: Int) -> Range<Int> { Int(starts[record])..<Int(starts[record + 1]) }

  /// Begins the list of `record`, behind that of the one before.
  public func open(_ record: Int) { starts[record + 1] = starts[record] }

  /// Adds a pair to the list of `record`, whose predecessors are complete; begin each record with `open`.
  @inline(__always)
  public func append(row: UInt32, weight: Float, to record: Int) {
    let place = Int(starts[record + 1])
    if place == rowStorage.count { reserve(place + 1) }
    rowStorage.pointer[place] = row
    weightStorage.pointer[place] = weight
    starts[record + 1] += 1
  }

  /// The whole list of `record`, whose predecessors are complete; what it held before is gone.
  public func set(_ record: Int, rows: UnsafePointer<UInt32>, weights: UnsafePointer<Float>, count: Int) {
    let first = Int(starts[record])
    reserve(first + count)
    (rowStorage.pointer + first).update(from: rows, count: count)
    (weightStorage.pointer + first).update(from: weights, count: count)
    starts[record + 1] = Int32(first + count)
  }

  /// Takes the pairs of `record` away from a batch of `records`.
  public func empty(_ record: Int, of records: Int) {
    let places = places(of: record)
    let rest = Int(starts[records]) - places.upperBound
    (rowStorage.pointer + places.lowerBound).update(from: rowStorage.pointer + places.upperBound, count: rest)
    (weightStorage.pointer + places.lowerBound).update(from: weightStorage.pointer + places.upperBound, count: rest)
    for next in (record + 1)...records { starts[next] -= Int32(places.count) }
  }

  /// The lists of the first `records` records of another.
  public func copy(of other: WeightedRows, records: Int) {
    let count = other.count(of: records)
    reserve(count)
    rowStorage.pointer.update(from: other.rows, count: count)
    weightStorage.pointer.update(from: other.weights, count: count)
    starts.update(from: other.starts, count: records + 1)
  }

  func copy(_ record: Int, of other: WeightedRows, to target: Int) {
    let places = other.places(of: record)
    set(target, rows: other.rows + places.lowerBound, weights: other.weights + places.lowerBound, count: places.count)
  }

  /// Makes room for so many pairs; what is held stays.
  private func reserve(_ count: Int) {
    guard count > rowStorage.count else { return }
    precondition(count < Int(Int32.max), "\(count) pairs in one batch")
    let (rows, weights) = (rowStorage, weightStorage)
    let room = max(count, 2 * rows.count, 64)
    rowStorage = AlignedBuffer(count: room)
    weightStorage = AlignedBuffer(count: room)
    rowStorage.pointer.update(from: rows.pointer, count: rows.count)
    weightStorage.pointer.update(from: weights.pointer, count: rows.count)
  }
}
