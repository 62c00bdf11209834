import Evaluation
import Foundation
import Testing

@Suite("Frozen scores by slice")
struct SliceScoresTests {
  private static func scores(_ names: [String]) -> FrozenScores {
    var scores = FrozenScores()
    scores.slice(by: names.map { SliceTable.Field(name: $0, reading: 7) })
    scores.follow(count: 3) { [1, 2, 3][$0] }
    return scores
  }

  @Test("of a field the first 64 values are slices of their own, and all others one more")
  func bounded() {
    var scores = Self.scores(["carrier"])
    let places = (0..<100).map { scores.meet(UInt64(1000 + $0), named: "c\($0)", of: 0) }
    #expect(places.prefix(64).map(Int.init) == Array(0..<64))
    #expect(places.dropFirst(64).allSatisfy { $0 == SliceTable.rest })
    #expect(scores.meet(1005, named: "again", of: 0) == 5)
    #expect(scores.slices.fields[0].place(of: 1063) == 63 && scores.slices.fields[0].place(of: 5) == SliceTable.rest)
    #expect(scores.slices.name(of: 0, place: 5) == "carrier=c5")
    #expect(scores.slices.name(of: 0, place: Int(SliceTable.rest)) == "carrier=(all others)")
  }

  private static func filled() -> FrozenScores {
    var scores = Self.scores(["carrier", "origin"])
    for row in 0..<500 {
      let (loss, reference) = (0.1 * Double(row % 9), 0.05 * Double(row % 7))
      for field in 0..<2 {
        let slice = scores.meet(UInt64(row % (3 + field)), named: "v\(row % (3 + field))", of: field)
        scores.add(loss, reference: reference, isPositive: true, weight: 1, field: field, slice: slice, at: 1 + row % 2)
      }
    }
    return scores
  }

  @Test("they come back from JSON bit for bit; what no program has written is refused")
  func coding() throws {
    let scores = Self.filled()
    let text = try JSONEncoder().encode(scores)
    #expect(try JSONDecoder().decode(FrozenScores.self, from: text) == scores)
    #expect(scores[version: 2]?.slices.pairs(of: 0, place: 0).count == 84)
    #expect(scores[version: 3]?.slices.errors(of: 1, place: 3).count == 125)
    let damaged = String(decoding: text, as: UTF8.self).replacing("\"slices\":\"AQI", with: "\"slices\":\"AQc")
    #expect(damaged != String(decoding: text, as: UTF8.self))
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(FrozenScores.self, from: Data(damaged.utf8)) }
    // An older program wrote neither.
    let old = #"{"reference":1,"serving":0,"entries":[]}"#
    #expect(try JSONDecoder().decode(FrozenScores.self, from: Data(old.utf8)).slices.fields.isEmpty)
  }

  @Test(
    "a field that stays keeps its values and pairs; one that is read otherwise begins anew, as does another reference")
  func aligned() {
    var scores = Self.filled()
    let before = scores[version: 2]?.slices.pairs(of: 1, place: 2)
    scores.slice(by: [SliceTable.Field(name: "origin", reading: 7), SliceTable.Field(name: "carrier", reading: 8)])
    #expect(scores.slices.fields[0].names == ["v0", "v1", "v2", "v3"] && scores.slices.fields[1].names.isEmpty)
    #expect(scores[version: 2]?.slices.pairs(of: 0, place: 2) == before)
    #expect(scores[version: 2]?.slices.pairs(of: 1, place: 0).count == 0)
    scores.follow(count: 2) { [2, 3][$0] }
    #expect(scores[version: 3]?.slices.pairs(of: 0, place: 2).count == 0 && scores.slices.fields[0].names.count == 4)
    scores.slice(by: [])
    #expect(scores.slices.fields.isEmpty)
  }
}
