import Vocabulary

// Sums of weights: whole numbers where every record counts 1, and then written as such.
extension CompactWriter {
  mutating func write(tally: Double, isWhole: Bool) {
    if isWhole { write(count: Int64(tally)) } else { write(tally) }
  }

  mutating func write(tallies: [Double], areWhole: Bool) {
    if areWhole { return write(counts: tallies.map { Int64($0) }) }
    write(count: Int64(tallies.count))
    for tally in tallies { write(tally) }
  }
}

extension CompactReader {
  mutating func readTally(isWhole: Bool) throws(DamagedBytes) -> Double {
    if isWhole { return Double(try readCount()) }
    let tally = try readDouble()
    guard tally >= 0, tally.isFinite else { throw damage("has the weight \(tally)") }
    return tally
  }

  mutating func readTallies(elementsMax: Int, areWhole: Bool) throws(DamagedBytes) -> [Double] {
    if areWhole { return try readCounts(elementsMax: elementsMax).map(Double.init) }
    var tallies: [Double] = []
    for _ in 0..<(try readCount(max: Int64(elementsMax))) { tallies.append(try readTally(isWhole: false)) }
    return tallies
  }
}
