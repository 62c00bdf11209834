import Vocabulary

// Sums of weights: whole numbers where every record counts 1, and then written as such.
extension CompactWriter {
  mutating func write(tally: Double, isWhole: Bool) {
    if isWhole { write(count: Int64(tally: tally)) } else { write(tally) }
  }

  mutating func write(tallies: [Double], areWhole: Bool) {
    if areWhole { return write(counts: tallies.map { Int64(tally: $0) }) }
    write(count: Int64(tallies.count))
    for tally in tallies { write(tally) }
  }
}

extension Int64 {
  /// More weight than any stream has: 1,000,000 times the records that a count may be.
  static let tallyMax = 0x1p80

  /// The whole part of a sum of weights; as near as there is where it has none.
  init(tally: Double) {
    self = tally > 0 ? tally < 0x1p62 ? Int64(tally) : 1 << 62 : 0
  }
}

extension CompactReader {
  mutating func readTally(isWhole: Bool) throws(DamagedBytes) -> Double {
    if isWhole { return Double(try readCount()) }
    let tally = try readDouble()
    guard tally >= 0, tally <= Int64.tallyMax else { throw damage("has the weight \(tally)") }
    return tally
  }

  mutating func readTallies(elementsMax: Int, areWhole: Bool) throws(DamagedBytes) -> [Double] {
    if areWhole { return try readCounts(elementsMax: elementsMax).map(Double.init) }
    var tallies: [Double] = []
    for _ in 0..<(try readCount(max: Int64(elementsMax))) { tallies.append(try readTally(isWhole: false)) }
    return tallies
  }
}
