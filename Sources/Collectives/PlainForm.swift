/// Values as they are.
final class PlainForm: PartForm {
  let bytes = 4
  private var values = UnsafeMutablePointer<Float>(bitPattern: 64)!  // Replaced by begin() before any use.

  func begin(_ values: UnsafeMutableBufferPointer<Float>, _ schedule: PartSchedule, ofPart rank: Int) {
    if let start = values.baseAddress { self.values = start }
  }

  func own(_ segment: PartSchedule.Segment) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(values + segment.values.lowerBound)
  }

  func sum(_ segment: PartSchedule.Segment) -> UnsafeMutableRawPointer { own(segment) }
  func place(_ segment: PartSchedule.Segment) -> UnsafeMutableRawPointer? { own(segment) }
  func take(_ sum: UnsafeMutableRawPointer, _ segment: PartSchedule.Segment) {}

  func add(_ vectors: [UnsafeMutableRawPointer], _ segment: PartSchedule.Segment) {
    let (sum, count) = (values + segment.values.lowerBound, segment.values.count)
    guard let first = vectors.first?.assumingMemoryBound(to: Float.self) else {
      return sum.update(repeating: 0, count: count)
    }
    var start = 0
    while start < count {
      let length = min(Self.blockValues, count - start)
      for vector in vectors.dropFirst().dropLast() {
        VectorSum.add(vector.assumingMemoryBound(to: Float.self) + start, to: first + start, length)
      }
      if let last = vectors.dropFirst().last?.assumingMemoryBound(to: Float.self) {
        VectorSum.add(first + start, last + start, length, into: sum + start)
      } else if sum != first {
        (sum + start).update(from: first + start, count: length)
      }
      start += length
    }
  }
}
