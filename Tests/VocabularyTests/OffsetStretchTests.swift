import Testing
import Vocabulary

@Suite("Stretches of offsets")
struct OffsetStretchTests {
  private func stretch(_ partition: Int32, _ from: Int64, _ next: Int64) -> OffsetStretch {
    OffsetStretch(partition: partition, from: from, next: next)
  }

  @Test("what some hold and others do not")
  func difference() {
    let some = [stretch(0, 0, 10), stretch(0, 10, 20), stretch(1, 5, 6), stretch(2, 0, 3)]
    let others = [stretch(0, 3, 5), stretch(0, 4, 8), stretch(0, 19, 40), stretch(1, 0, 9), stretch(3, 0, 9)]
    #expect(
      OffsetStretch.difference(some, others) == [stretch(0, 0, 3), stretch(0, 8, 19), stretch(2, 0, 3)])
    #expect(OffsetStretch.difference(some, []) == OffsetStretch.united(some))
    #expect(OffsetStretch.difference([], others).isEmpty && OffsetStretch.difference(others, others).isEmpty)
  }

  @Test("an offset is in the difference if and only if the one holds it and the other does not, of any stretches")
  func random() {
    let seed = UInt64.random(in: 1...(1 << 40))
    print("stretches of offsets: seed \(seed)")
    var random = SplitMix64(seed: seed)
    for _ in 0..<200 {
      func draw() -> [OffsetStretch] {
        (0..<(random.next() % 6)).map { _ in
          let from = Int64(random.next() % 30)
          return stretch(Int32(random.next() % 2), from, from + Int64(random.next() % 8))
        }
      }
      let (some, others) = (draw(), draw())
      let difference = OffsetStretch.difference(some, others)
      for partition in 0..<2 as Range<Int32> {
        for offset in 0..<40 as Range<Int64> {
          func holds(_ all: [OffsetStretch]) -> Bool {
            all.contains { $0.partition == partition && $0.contains(offset) }
          }
          #expect(holds(difference) == (holds(some) && !holds(others)), "seed \(seed)")
        }
      }
    }
  }
}
