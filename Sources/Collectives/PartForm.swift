/// How values go out and are added up. Confined to the step thread.
protocol PartForm: AnyObject {
  /// Of one value on its way.
  var bytes: Int { get }

  /// - Parameter rank: The part of the schedule that is added up here.
  func begin(_ values: UnsafeMutableBufferPointer<Float>, _ schedule: PartSchedule, ofPart rank: Int)
  /// This rank's values of a segment of any part, as they go out; asked for once they are final.
  func own(_ segment: PartSchedule.Segment) -> UnsafeMutableRawPointer
  /// Adds up all ranks' values of a segment of the own part, in their order; none: the sum is zero.
  func add(_ vectors: [UnsafeMutableRawPointer], _ segment: PartSchedule.Segment)
  /// The sum of a segment of the own part, as it goes out.
  func sum(_ segment: PartSchedule.Segment) -> UnsafeMutableRawPointer
  /// Where the sum of a segment of another part is to arrive; nil: anywhere, and `take` takes it from there.
  func place(_ segment: PartSchedule.Segment) -> UnsafeMutableRawPointer?
  func take(_ sum: UnsafeMutableRawPointer, _ segment: PartSchedule.Segment)
}

extension PartForm {
  /// Values that are added up at once, so that what is added is still in the first cache.
  static var blockValues: Int { 2048 }
}
