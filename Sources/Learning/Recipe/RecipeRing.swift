import Tensors

/// The last records as inputs, as they were when they were learned: what members learn again. Grows to its bound by doubling.
final class RecipeRing {
  /// Records, at most; fewer where they are long.
  static let recordsMax = 10_000
  private static let bytesMax = 64 << 20

  /// Inputs a record.
  let stride: Int
  let capacityMax: Int
  private(set) var capacity = 0
  /// Records ever stored.
  private(set) var stored: Int64 = 0

  private var rows = AlignedBuffer<UInt32>(count: 0)
  private var weights = AlignedBuffer<Float>(count: 0)
  /// By place: inputs, and those that come before memory's.
  private var counts = AlignedBuffer<UInt32>(count: 0)
  /// By place: the label in its own unit, and how much the record counts.
  private var labels = AlignedBuffer<Float>(count: 0)

  /// By space, the records as points.
  let points: [RecipePoints]

  /// - Parameter spaces: Spaces in which neighbours are looked for.
  init(stride: Int, spaces: Int) {
    self.stride = stride
    points = (0..<spaces).map { _ in RecipePoints() }
    capacityMax = max(1, min(Self.recordsMax, Self.bytesMax / (8 * stride)))
  }

  /// Records that it has.
  var count: Int { Int(min(stored, Int64(capacityMax))) }

  private func reserve(_ room: Int) {
    guard room > capacity else { return }
    let next = min(capacityMax, max(room, 2 * capacity, 64))
    rows = grown(rows, to: next * stride)
    weights = grown(weights, to: next * stride)
    counts = grown(counts, to: next * 2)
    labels = grown(labels, to: next * 2)
    for space in points { space.reserve(next) }
    capacity = next
  }

  private func grown<Element>(_ buffer: AlignedBuffer<Element>, to count: Int) -> AlignedBuffer<Element> {
    let larger = AlignedBuffer<Element>(count: count)
    larger.pointer.update(from: buffer.pointer, count: buffer.count)
    return larger
  }

  /// - Parameter codes: By space, the record as a point.
  func store(
    _ records: RecipeRecords, _ place: Int, label: Float, weight: Float, codes: UnsafePointer<Int8>
  ) {
    let slot = Int(stored % Int64(capacityMax))
    reserve(slot + 1)
    let count = records.count(place)
    (rows.pointer + slot * stride).update(from: records.rows(place), count: count)
    (weights.pointer + slot * stride).update(from: records.weights(place), count: count)
    counts[2 * slot] = UInt32(count)
    counts[2 * slot + 1] = UInt32(records.plain(place))
    labels[2 * slot] = label
    labels[2 * slot + 1] = weight
    for (number, space) in points.enumerated() { space.put(codes + number * RecipePoints.places, at: slot) }
    stored += 1
  }

  /// A record to be learned again.
  @inline(__always)
  func rows(_ slot: Int) -> UnsafePointer<UInt32> { UnsafePointer(rows.pointer + slot * stride) }
  @inline(__always)
  func weights(_ slot: Int) -> UnsafePointer<Float> { UnsafePointer(weights.pointer + slot * stride) }
  @inline(__always)
  func inputs(_ slot: Int, withMemory: Bool) -> Int { Int(counts.pointer[2 * slot + (withMemory ? 0 : 1)]) }
  @inline(__always)
  func label(_ slot: Int) -> Float { labels.pointer[2 * slot] }
  @inline(__always)
  func weight(_ slot: Int) -> Float { labels.pointer[2 * slot + 1] }

  /// Labels of the points, each two from the one before.
  var labelsPointer: UnsafePointer<Float> { UnsafePointer(labels.pointer) }

  /// A state's number of stored records, before its parts are read.
  func begin(stored: Int64) {
    self.stored = stored
    reserve(count)
  }

  func forEachPart(_ body: (String, UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
    let count = count
    try body("ring", UnsafeMutableRawBufferPointer(start: rows.pointer, count: count * stride * 4))
    try body("ring", UnsafeMutableRawBufferPointer(start: weights.pointer, count: count * stride * 4))
    try body("ring", UnsafeMutableRawBufferPointer(start: counts.pointer, count: count * 8))
    try body("ring", UnsafeMutableRawBufferPointer(start: labels.pointer, count: count * 8))
    for space in points { try body("points of the ring", space.part(count)) }
  }

  /// Whether what was read names rows and labels that there are.
  func isSound(rowCount: Int, outputs: Int, isRegression: Bool) -> Bool {
    for slot in 0..<count {
      let inputs = inputs(slot, withMemory: true)
      guard inputs <= stride, self.inputs(slot, withMemory: false) <= inputs, weight(slot) >= 0, label(slot).isFinite
      else { return false }
      guard isRegression || (label(slot) >= 0 && label(slot) < Float(max(2, outputs))) else { return false }
      for index in 0..<inputs where rows.pointer[slot * stride + index] >= UInt32(rowCount) { return false }
    }
    return true
  }
}
