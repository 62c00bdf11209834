import Pipelines
import Testing

@Suite("Slips of the finger")
struct MeasuresTests {
  @Test(
    "edits are counted, an exchange of neighbours as one",
    arguments: [
      ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("abc", "abd", 1), ("abc", "acb", 1),
      ("kitten", "sitting", 3), ("ca", "abc", 3), ("distance", "distnace", 1), ("weight", "wieghts", 2),
    ])
  func edits(left: String, right: String, distance: Int) {
    #expect(editDistance(left, right) == distance)
    #expect(editDistance(right, left) == distance)
  }

  @Test("long words are not compared letter by letter, and nothing is near them")
  func longWords() {
    // A table of their letters would have 10^14 places.
    let long = String(repeating: "m", count: 10_000_000)
    #expect(editDistance(long, long + "n") == 10_000_001)
    #expect(editDistance("month", long) == 10_000_000)
    #expect(nearest(to: long, among: ["month", long]) == nil)
    let marks = "a" + String(repeating: "\u{301}", count: 500_000) + String(repeating: "\u{316}", count: 500_000)
    #expect(editDistance("a", marks) == 1_000_001)
    #expect(nearest(to: marks, among: ["a"]) == nil)
    #expect(nearest(to: String(repeating: "m", count: 200) + "n", among: [String(repeating: "m", count: 200)]) != nil)
  }
}
