/// A place in one of the two rows of segments that a rank sends, or receives, around the ring: each stage's chunk, cut.
struct RingCursor {
  enum Direction { case sending, receiving }

  /// Values of a segment, at most: few enough to stay in the cache between its check, its sum and its going on, and many
  /// enough for the calls of the system. Of 16 MiB on loopback, a plain copy by 64 KiB a call takes half as long again as by
  /// 256 KiB.
  static let segmentValuesMax = 64 << 10
  private static let (segmentValuesMin, segmentsOfChunk) = (16 << 10, 4)

  /// Values of a segment of a chunk of so many. Where it has few segments, they are smaller: sending and summing overlap from
  /// the second one on.
  static func segmentValues(ofChunk count: Int) -> Int {
    let part = count / segmentsOfChunk / RingSchedule.alignment * RingSchedule.alignment
    return min(segmentValuesMax, max(segmentValuesMin, part))
  }

  let schedule: RingSchedule
  let direction: Direction
  private let segmentValues: Int
  private(set) var stage = 0
  /// Segments that are done.
  private(set) var done = 0
  /// Values done within the stage's chunk.
  private var offset = 0

  init(_ schedule: RingSchedule, _ direction: Direction) {
    self.schedule = schedule
    self.direction = direction
    segmentValues = Self.segmentValues(ofChunk: schedule.count / schedule.worldSize)
    skipFinishedStages()
  }

  var isAtEnd: Bool { stage >= schedule.stageCount }

  /// The values of the segment that comes next; empty at the end.
  var next: Range<Int> {
    guard !isAtEnd else { return 0..<0 }
    let values = chunk
    let start = values.lowerBound + offset
    return start..<min(values.upperBound, start + segmentValues)
  }

  mutating func advance() {
    offset += next.count
    done += 1
    skipFinishedStages()
  }

  func segments(of chunk: Range<Int>) -> Int { (chunk.count + segmentValues - 1) / segmentValues }

  private var chunk: Range<Int> {
    direction == .sending ? schedule.sent(inStage: stage) : schedule.received(inStage: stage)
  }

  private mutating func skipFinishedStages() {
    while !isAtEnd, offset >= chunk.count {
      stage += 1
      offset = 0
    }
  }
}
