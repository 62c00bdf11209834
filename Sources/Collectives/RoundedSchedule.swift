/// Who adds up what of a vector that goes as bfloat16, in which segments. Pure arithmetic, the same on every rank.
///
/// *Whole*: every rank sends all of its values to every other, and each adds all of them up. *In parts*: each rank adds up one
/// part of W, for which all send it theirs, and sends the sum, rounded once more, to all. A pair sends as much either way, so
/// there it is whole, and nothing is rounded twice.
struct RoundedSchedule: Equatable {
  let count: Int
  let worldSize: Int
  let isWhole: Bool

  /// The values that `rank` adds up.
  func part(of rank: Int) -> Range<Int> {
    isWhole ? 0..<count : RingSchedule(count: count, worldSize: worldSize, rank: rank).chunk(rank)
  }

  private var segmentValues: Int { RingCursor.segmentValues(ofChunk: isWhole ? count : count / worldSize) }

  func segmentCount(ofPart rank: Int) -> Int { (part(of: rank).count + segmentValues - 1) / segmentValues }

  /// Segment `index` of a rank's part.
  func segment(_ index: Int, ofPart rank: Int) -> Range<Int> {
    let (part, size) = (part(of: rank), segmentValues)
    let start = part.lowerBound + index * size
    return start..<min(part.upperBound, start + size)
  }
}
