/// The dense values on their way, as a `PartSchedule` says. Confined to the step thread.
///
/// Values go out once they are final, and a segment of the own part is added up, in rank order and in Float32, when all ranks'
/// are there. Every rank adds up the same values, or takes the same sum, so that all end with the same bits.
package final class PartTransfer {
  let rank: Int
  private(set) var schedule: PartSchedule
  /// By rank; this rank's own is not used.
  package private(set) var lanes: [PartLane] = []
  private(set) var form: any PartForm
  private let (plain, rounded) = (PlainForm(), RoundedForm())
  /// By rank: whether it has values.
  private var holders: [Bool] = []
  /// Stretches that are final.
  private(set) var stretches = 0
  /// Segments of the own part that are added up.
  private(set) var summedSegments = 0
  private var vectors: [UnsafeMutableRawPointer] = []

  package init(rank: Int, worldSize: Int) {
    self.rank = rank
    schedule = PartSchedule(0, worldSize: worldSize, isWhole: true)
    form = plain
    vectors.reserveCapacity(worldSize)
    lanes = (0..<worldSize).map { PartLane(of: self, to: $0) }
  }

  /// Of the schedule.
  package private(set) var digest: UInt32 = 0

  /// - Parameters:
  ///   - dense: Its `sum` has this rank's values, or nothing, and becomes the sum of all ranks'.
  ///   - order: As `PartSchedule` takes it.
  package func begin(_ dense: DenseValues, isWhole: Bool, order: [Range<Int>] = []) {
    let counts = dense.plan.counts
    if !schedule.isOf(dense.sum.count, order: order, isWhole: isWhole)
      || !holders.elementsEqual(counts, by: { $0 == ($1 > 0) })
    {
      schedule = PartSchedule(dense.sum.count, order: order, worldSize: lanes.count, isWhole: isWhole)
      holders = counts.map { $0 > 0 }
      digest = schedule.digest
      for lane in lanes where lane.peer != rank { lane.plan(ownHolds: holders[rank], peerHolds: holders[lane.peer]) }
    }
    if let compression = dense.compression {
      rounded.compression = compression
      form = rounded
    } else {
      form = plain
    }
    form.begin(dense.sum, schedule, ofPart: rank)
    (stretches, summedSegments) = (0, 0)
    for lane in lanes where lane.peer != rank { lane.begin() }
  }

  /// So many stretches of the order are final now, and may go out.
  package func release(_ stretches: Int) {
    self.stretches = max(self.stretches, stretches)
    addUp()
  }

  /// All of them are.
  package func releaseAll() { release(schedule.order.count) }

  /// Adds up the segments of the own part that are final and have come in from all.
  func addUp() {
    let segments = schedule.segments(ofPart: rank)
    while summedSegments < segments.count, isThere(segments[summedSegments]) {
      let segment = segments[summedSegments]
      vectors.removeAll(keepingCapacity: true)
      for (place, lane) in lanes.enumerated() where holders[place] {
        vectors.append(place == rank ? form.own(segment) : lane.received(segment))
      }
      form.add(vectors, segment)
      summedSegments += 1
    }
  }

  private func isThere(_ segment: PartSchedule.Segment) -> Bool {
    segment.stretches <= stretches
      && lanes.allSatisfy { $0.peer == rank || !holders[$0.peer] || $0.receivedValues > summedSegments }
  }
}
