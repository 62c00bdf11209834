import Health
import Testing
import Vocabulary

@Suite("The test of Page and Hinkley")
struct PageHinkleyTests {
  @Test("one outlier is no change and blinds nobody")
  func outlier() throws {
    var random = SplitMix64(seed: 4)
    var detector = PageHinkley()
    for _ in 0..<500 { #expect(detector.add(Double(random.nextNearlyNormal())) == nil) }
    #expect(detector.add(1e38) == nil)
    for _ in 0..<500 { #expect(detector.add(Double(random.nextNearlyNormal())) == nil) }
    let changes = detector.changes(in: (0..<200).map { _ in Double(random.nextNearlyNormal()) + 2 })
    let change = try #require(changes.first)
    let began = try #require(change.began)
    #expect(change.noticed < 1001 + 60 && abs(began - 1001) < 10)
  }

  @Test("finds a drift that is too slow to be seen at any place")
  func slow() throws {
    var random = SplitMix64(seed: 8)
    var detector = PageHinkley()
    let changes = detector.changes(
      in: (0..<6000).map { Double(random.nextNearlyNormal()) + max(0, Double($0 - 2000)) / 2000 })
    #expect(try #require(changes.first).direction == .up)
    #expect(try #require(changes.first).noticed < 4000)
  }

  @Test("says the means on both sides")
  func means() throws {
    var detector = PageHinkley()
    let values = (0..<400).map { Double($0 % 2) + ($0 < 300 ? 0 : 4) }
    let change = try #require(detector.changes(in: values).first)
    let began = try #require(change.began)
    #expect(abs(began - 300) < 8)
    #expect(abs(change.meanBefore - 0.5) < 0.05)
    #expect(abs(change.meanAfter - 4.5) < 0.6)
  }

  @Test("knows a jump after a constant stream")
  func afterConstant() throws {
    var detector = PageHinkley()
    let change = try #require(detector.changes(in: (0..<200).map { $0 < 100 ? 3 : 2 }).first)
    #expect(change.began == 100 && change.direction == .down && change.noticed < 110)
  }
}
