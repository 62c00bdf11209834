import Tensors

/// Values as bfloat16, with what rounding takes from them going out with the next step's (`GradientCompression`). Confined to
/// the step thread.
final class RoundedForm: PartForm {
  let bytes = 2
  var compression = GradientCompression()
  /// This rank's values as they go out; of its own part, once it is added up, the sum.
  private var rounded = AlignedBuffer<UInt16>(count: 0)
  /// By number of a segment.
  private var isRounded: [Bool] = []
  private var isWhole = true
  private var values = UnsafeMutablePointer<Float>(bitPattern: 64)!  // Replaced by begin() before any use.

  func begin(_ values: UnsafeMutableBufferPointer<Float>, _ schedule: PartSchedule, ofPart rank: Int) {
    if let start = values.baseAddress { self.values = start }
    isWhole = schedule.isWhole
    compression.own.reserve(values.count)
    if !isWhole { compression.part.reserve(schedule.count(ofPart: rank)) }
    if rounded.count < values.count { rounded = AlignedBuffer(count: values.count) }
    if isRounded.count != schedule.segmentCount {
      isRounded = Array(repeating: false, count: schedule.segmentCount)
    } else {
      for place in isRounded.indices { isRounded[place] = false }
    }
  }

  func own(_ segment: PartSchedule.Segment) -> UnsafeMutableRawPointer {
    if !isRounded[segment.number] {
      isRounded[segment.number] = true
      let start = segment.values.lowerBound
      compression.own.round(values + start, segment.values, to: rounded.pointer + start)
    }
    return sum(segment)
  }

  func sum(_ segment: PartSchedule.Segment) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(rounded.pointer + segment.values.lowerBound)
  }

  func place(_ segment: PartSchedule.Segment) -> UnsafeMutableRawPointer? { nil }

  func take(_ sum: UnsafeMutableRawPointer, _ segment: PartSchedule.Segment) {
    Kernels.active.widen(
      count: segment.values.count, sum.assumingMemoryBound(to: UInt16.self), to: values + segment.values.lowerBound)
  }

  func add(_ vectors: [UnsafeMutableRawPointer], _ segment: PartSchedule.Segment) {
    var start = 0
    while start < segment.values.count {
      let block = start..<min(start + Self.blockValues, segment.values.count)
      add(vectors, segment, block)
      start = block.upperBound
    }
  }

  /// - Parameter block: Values of the segment.
  private func add(_ vectors: [UnsafeMutableRawPointer], _ segment: PartSchedule.Segment, _ block: Range<Int>) {
    let (kernels, first) = (Kernels.active, segment.values.lowerBound + block.lowerBound)
    let sum = values + first
    if vectors.isEmpty { sum.update(repeating: 0, count: block.count) }
    for (place, vector) in vectors.enumerated() {
      let vector = vector.assumingMemoryBound(to: UInt16.self) + block.lowerBound
      if place == 0 {
        kernels.widen(count: block.count, vector, to: sum)
      } else {
        kernels.addWidened(count: block.count, vector, to: sum)
      }
    }
    guard !isWhole else { return }
    let out = rounded.pointer + first
    compression.part.round(sum, segment.start + block.lowerBound..<segment.start + block.upperBound, to: out)
    kernels.widen(count: block.count, out, to: sum)
  }
}
