import Collectives
import Testing
import Vocabulary

@Suite("Schedule of parts")
struct PartScheduleTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    var stretches: [Range<Int>]
    var worldSize: Int
    var isWhole = false
    var testDescription: String { "\(stretches) of \(worldSize)\(isWhole ? ", whole" : "")" }
  }

  /// Of many sizes: empty, of one value, around a segment's, in one piece and in many, from the front and from the back.
  static let shapes: [Shape] = {
    var random = SplitMix64(seed: 5)
    var shapes: [Shape] = []
    for worldSize in 2...5 {
      for count in [0, 1, 16, 1000, 16_384, 65_536, 100_003, 700_001] {
        shapes.append(Shape(stretches: [0..<count], worldSize: worldSize))
        shapes.append(Shape(stretches: [0..<count], worldSize: worldSize, isWhole: true))
        var bounds = Set((0..<6).map { _ in Int(random.next() % UInt64(count + 1)) })
        bounds.formUnion([0, count])
        let ascending = bounds.sorted()
        let stretches = zip(ascending, ascending.dropFirst()).map { $0..<$1 }
        shapes.append(Shape(stretches: stretches, worldSize: worldSize))
        shapes.append(Shape(stretches: stretches.reversed(), worldSize: worldSize))
        shapes.append(Shape(stretches: stretches.reversed(), worldSize: worldSize, isWhole: true))
        // Neighbours that are none in the order.
        shapes.append(
          Shape(
            stretches: stretches.filter { $0.lowerBound % 2 == 0 } + stretches.filter { $0.lowerBound % 2 == 1 },
            worldSize: worldSize))
      }
    }
    return shapes
  }()

  static func schedule(_ shape: Shape) -> PartSchedule {
    PartSchedule(
      shape.stretches.reduce(0) { $0 + $1.count }, order: shape.stretches, worldSize: shape.worldSize,
      isWhole: shape.isWhole)
  }

  @Test("every value has one segment of one part, within one stretch of the order or joined ones", arguments: shapes)
  func cover(shape: Shape) {
    let schedule = Self.schedule(shape)
    var seen = Set<Int>()
    var count = 0
    for rank in 0..<(shape.isWhole ? 1 : shape.worldSize) {
      var (start, stretches) = (0, 0)
      for segment in schedule.segments(ofPart: rank) {
        #expect(segment.start == start && !segment.values.isEmpty)
        #expect(segment.values.count <= PartSchedule.segmentValuesMax)
        #expect(segment.stretches >= stretches)
        // It waits for all of its values, and for no stretch that comes after those that are joined with it.
        let waited = shape.stretches[..<segment.stretches]
        #expect(segment.values.allSatisfy { value in waited.contains { $0.contains(value) } })
        (start, stretches) = (start + segment.values.count, segment.stretches)
        count += segment.values.count
        seen.formUnion(segment.values)
      }
      #expect(schedule.count(ofPart: rank) == start)
    }
    let all = shape.stretches.reduce(0) { $0 + $1.count }
    #expect(seen.count == all && count == all)
  }

  @Test("parts are of one size, to segments' alignment", arguments: shapes.filter { !$0.isWhole })
  func evenParts(shape: Shape) {
    let counts = (0..<shape.worldSize).map { Self.schedule(shape).count(ofPart: $0) }
    let bound = 16 * shape.worldSize * shape.stretches.count
    #expect(counts.max()! - counts.min()! <= bound, "\(counts)")
  }

  @Test("what one rank sends another is what that adds up, and the sums of its own part, each after its values")
  func items() {
    for shape in Self.shapes {
      let schedule = Self.schedule(shape)
      for sender in 0..<shape.worldSize {
        for receiver in 0..<shape.worldSize where receiver != sender {
          let items = schedule.items(from: sender, to: receiver, holds: true)
          let values = items.filter { !$0.isSum }
          #expect(values.map(\.segment) == schedule.segments(ofPart: receiver))
          #expect(values.map(\.index) == Array(values.indices))
          let sums = items.filter(\.isSum)
          #expect(sums.map(\.segment) == (shape.isWhole ? [] : schedule.segments(ofPart: sender)))
          #expect(sums.map(\.index) == Array(sums.indices))
          #expect(schedule.items(from: sender, to: receiver, holds: false) == sums)
          // Nobody is sent a sum ahead of values that it is made of and that are not final before it: both would wait.
          var sent = 0
          for item in items {
            if item.isSum {
              #expect(sent >= item.segment.stretches || values.allSatisfy { $0.segment.stretches <= sent })
            }
            if !item.isSum { sent = item.segment.stretches }
          }
        }
      }
    }
  }

  @Test("the sum of a stretch goes behind the values of the next, so that neither waits for the other")
  func lag() {
    let schedule = PartSchedule(400_000, order: [200_000..<400_000, 0..<200_000], worldSize: 2, isWhole: false)
    let items = schedule.items(from: 0, to: 1, holds: true).map { ($0.isSum, $0.segment.stretches) }
    let runs = items.enumerated().filter { place, item in place == 0 || items[place - 1] != item }.map(\.element)
    #expect(runs.map(\.0) == [false, false, true, true] && runs.map(\.1) == [1, 2, 1, 2])
  }

  @Test("another cut has another digest, and the same the same")
  func digests() {
    #expect(Self.shapes.allSatisfy { Self.schedule($0).digest == Self.schedule($0).digest })
    let orders = [[0..<200_000, 200_000..<400_000], [200_000..<400_000, 0..<200_000], [0..<400_000]]
    let all = orders.flatMap { order in
      [2, 3].flatMap { worldSize in
        [true, false].map { PartSchedule(400_000, order: order, worldSize: worldSize, isWhole: $0).digest }
      }
    }
    #expect(Set(all).count == all.count)
  }

  @Test("stretches that are large enough go one by one, and small ones with the next")
  func joins() {
    let large = PartSchedule(300_000, order: [200_000..<300_000, 0..<200_000], worldSize: 2, isWhole: false)
    #expect(Set(large.segments(ofPart: 0).map(\.stretches)) == [1, 2])
    let small = PartSchedule(
      300_000, order: [299_900..<300_000, 200_000..<299_900, 0..<200_000], worldSize: 2, isWhole: false)
    #expect(Set(small.segments(ofPart: 1).map(\.stretches)) == [2, 3])
  }
}
