import Tensors

/// The dense vector on its way as bfloat16, as a `RoundedSchedule` says. Confined to the step thread.
///
/// Values are rounded when their segment is about to go out, and a segment of the own part is added up, in rank order and in
/// Float32, when all ranks' are there. Every rank adds up the same rounded values, its own too, or takes the same rounded sum,
/// so that all end with the same bits.
final class RoundedTransfer {
  let rank: Int
  private(set) var schedule: RoundedSchedule
  /// By rank; this rank's own is not used.
  private(set) var lanes: [RoundedLane] = []
  /// This rank's values as they go out; of its own part, once it is added up, the sum.
  private var rounded = AlignedBuffer<UInt16>(count: 0)
  /// Segments of each part that are rounded; whole, all ranks have the one part.
  private var roundedSegments: [Int]
  /// Segments of the own part that are added up.
  private(set) var summedSegments = 0
  private var values = UnsafeMutablePointer<Float>(bitPattern: 64)!  // Replaced by begin() before any use.
  private var compression = GradientCompression()

  /// Values that are added up at once, so that what is added is still in the first cache.
  private static let blockValues = 2048

  init(rank: Int, worldSize: Int) {
    self.rank = rank
    schedule = RoundedSchedule(count: 0, worldSize: worldSize, isWhole: true)
    roundedSegments = Array(repeating: 0, count: worldSize)
    lanes = (0..<worldSize).map { RoundedLane(of: self, to: $0) }
  }

  /// - Parameter values: This rank's; they become the sum.
  func begin(_ values: UnsafeMutableBufferPointer<Float>, isWhole: Bool, _ compression: GradientCompression) {
    schedule = RoundedSchedule(count: values.count, worldSize: schedule.worldSize, isWhole: isWhole)
    if let start = values.baseAddress { self.values = start }
    self.compression = compression
    compression.own.reserve(values.count)
    if !isWhole { compression.part.reserve(ownPart.count) }
    if rounded.count < values.count { rounded = AlignedBuffer(count: values.count) }
    for place in roundedSegments.indices { roundedSegments[place] = 0 }
    summedSegments = 0
    for lane in lanes where lane.peer != rank { lane.begin() }
  }

  var ownPart: Range<Int> { schedule.part(of: rank) }

  /// A segment of `part` as it goes out: this rank's values, or the sum of all ranks' where it is its own part.
  func outgoing(_ segment: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: rounded.pointer + segment.lowerBound, count: segment.count * 2)
  }

  /// Rounds this rank's values of `part` as far as its segment `index`.
  func round(_ index: Int, ofPart part: Int) {
    let place = schedule.isWhole ? 0 : part
    while roundedSegments[place] <= index {
      let segment = schedule.segment(roundedSegments[place], ofPart: part)
      compression.own.round(values + segment.lowerBound, segment, to: rounded.pointer + segment.lowerBound)
      roundedSegments[place] += 1
    }
  }

  /// Takes what of another rank's part has been added up there.
  func take(_ sum: UnsafePointer<UInt16>, of segment: Range<Int>) {
    Kernels.active.widen(count: segment.count, sum, to: values + segment.lowerBound)
  }

  /// Adds up the segments of the own part that have come in from all.
  func addUp() {
    let count = schedule.segmentCount(ofPart: rank)
    while summedSegments < count, lanes.allSatisfy({ $0.peer == rank || $0.received > summedSegments }) {
      round(summedSegments, ofPart: rank)
      let segment = schedule.segment(summedSegments, ofPart: rank)
      var start = segment.lowerBound
      while start < segment.upperBound {
        let end = min(segment.upperBound, start + Self.blockValues)
        addUp(start..<end)
        start = end
      }
      summedSegments += 1
    }
  }

  private func addUp(_ block: Range<Int>) {
    let (kernels, sum) = (Kernels.active, values + block.lowerBound)
    let own = rounded.pointer + block.lowerBound
    for place in lanes.indices {
      let vector = place == rank ? UnsafePointer(own) : lanes[place].received(block)
      if place == 0 {
        kernels.widen(count: block.count, vector, to: sum)
      } else {
        kernels.addWidened(count: block.count, vector, to: sum)
      }
    }
    guard !schedule.isWhole else { return }
    let (first, part) = (ownPart.lowerBound, compression.part)
    part.round(sum, block.lowerBound - first..<block.upperBound - first, to: own)
    kernels.widen(count: block.count, own, to: sum)
  }
}
