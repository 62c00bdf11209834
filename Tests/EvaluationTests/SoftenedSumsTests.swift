import Evaluation
import Foundation
import Testing
import Vocabulary

@Suite("Bounds of heavy tails")
struct SoftenedSumsTests {
  /// The lower bound, worked out from all numbers at once, strength by strength, with nothing kept in between.
  private func plainLower(_ numbers: [Double], alpha: Double, tightestAt pairs: Double) -> Double {
    let n = Double(numbers.count)
    let largest = numbers.map(abs).max() ?? 0
    let meanSquare = (numbers.reduce(0) { $0 + $1 * $1 } + 3 * largest * largest) / n
    let middle = Int(log2((2 * (log(2 / alpha) + 1) / (pairs * meanSquare)).squareRoot()).rounded())
    func softened(_ y: Double) -> Double {
      abs(y) < 2.0.squareRoot() ? y - y * y * y / 6 : (y < 0 ? -1 : 1) * 8.0.squareRoot() / 3
    }
    func excess(_ mean: Double) -> Double {
      var total = 0.0
      for j in (middle - 8)...(middle + 4) {
        let strength = pow(2, Double(j))
        let sum = numbers.reduce(0) { $0 + softened($1 * strength) }
        let distance = Double(max(0, j - middle - 1, middle - 3 - j))
        total +=
          exp(sum - n * strength * mean - n * strength * strength * meanSquare / 2)
          / (3.5 * (distance + 1) * (distance + 2))
      }
      return total - 2 / alpha
    }
    var (low, high) = (-100.0, 100.0)
    for _ in 0..<60 { if excess((low + high) / 2) > 0 { low = (low + high) / 2 } else { high = (low + high) / 2 } }
    return low
  }

  private func heavy(_ random: inout SplitMix64) -> Double {
    (random.nextUnit() < 0.5 ? -1 : 1) * pow(1 - random.nextUnit(), -0.4) + 0.1
  }

  private func gather(_ numbers: some Sequence<Double>) -> PairedDifference {
    numbers.reduce(into: PairedDifference()) { $0.add(candidate: $1, baseline: 0) }
  }

  @Test("bounds are those of the plain sums, on both sides", arguments: [1, 2, 3] as [UInt64])
  func plain(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let numbers = (0..<3000).map { _ in heavy(&random) }
    let bounds = gather(numbers).confidenceSequence(confidence: 0.99, tightestAt: 1000)
    let lower = plainLower(numbers, alpha: 0.01, tightestAt: 1000)
    let upper = -plainLower(numbers.map { -$0 }, alpha: 0.01, tightestAt: 1000)
    #expect(abs(bounds.lower - lower) < 1e-7, "\(bounds.lower), plainly \(lower)")
    #expect(abs(bounds.upper - upper) < 1e-7, "\(bounds.upper), plainly \(upper)")
  }

  @Test("parts of any size, with an outlier in any of them, merge to the bounds of the whole, also by way of bytes")
  func merging() throws {
    for outlierAt in [0, 650, 1999] {
      var random = SplitMix64(seed: 90)
      var numbers = (0..<2000).map { _ in heavy(&random) }
      numbers[outlierAt] = 900
      let whole = gather(numbers).confidenceSequence(confidence: 0.95)
      var merged = PairedDifference()
      for range in [0..<1, 1..<700, 700..<700, 700..<1500, 1500..<2000] {
        var bytes: [UInt8] = []
        gather(numbers[range]).encode(into: &bytes)
        #expect(bytes.count <= 200)
        merged.merge(try PairedDifference(decoding: bytes))
      }
      let bounds = merged.confidenceSequence(confidence: 0.95)
      #expect(abs(bounds.lower - whole.lower) < 1e-9 && abs(bounds.upper - whole.upper) < 1e-9)
    }
  }

  @Test("what an older program wrote is read, and judged by what it has")
  func older() throws {
    var old: [UInt8] = [1]
    var writer = CompactWriter()
    writer.write(count: 400)
    writer.write(0.5)
    writer.write(100.0)
    writer.write(count: 2)
    old += writer.bytes
    let read = try PairedDifference(decoding: old)
    #expect(read.count == 400 && read.mean == 0.5 && read.nonFinite == 2)
    let bounds = read.confidenceSequence(confidence: 0.99)
    #expect(bounds.lower > 0.3 && bounds.lower < 0.5 && bounds.upper < 0.7)
    var again: [UInt8] = []
    read.encode(into: &again)
    #expect(again == old)
    // Pairs from now on do not make up for the sums that are missing.
    var merged = gather(stride(from: 0.0, to: 1.0, by: 0.01))
    merged.merge(read)
    #expect(merged.count == 500 && merged.confidenceSequence(confidence: 0.99).lower.isFinite)
    let parsed = try JSONDecoder().decode(
      PairedDifference.self,
      from: Data(#"{"moments":{"count":400,"mean":0.5,"squaredDeviations":100},"nonFinite":2}"#.utf8))
    #expect(parsed == read)
  }

  @Test("damaged sums are told, not believed")
  func damaged() throws {
    var random = SplitMix64(seed: 5)
    var bytes: [UInt8] = []
    gather((0..<300).map { _ in heavy(&random) }).encode(into: &bytes)
    for cut in 1..<bytes.count {
      #expect(throws: DamagedBytes.self) { try PairedDifference(decoding: bytes.dropLast(cut)) }
    }
    var nan = bytes
    nan.replaceSubrange(bytes.count - 8..<bytes.count, with: [0, 0, 0, 0, 0, 0, 0xF8, 0x7F])
    #expect(throws: DamagedBytes.self) { try PairedDifference(decoding: nan) }
    let pairs = try PairedDifference(decoding: bytes)
    let json = String(decoding: try JSONEncoder().encode(pairs), as: UTF8.self)
    #expect(try JSONDecoder().decode(PairedDifference.self, from: Data(json.utf8)) == pairs)
    let far = json.replacing(try Regex(#""first":-?\d+"#), with: #""first":9223372036854775807"#)
    #expect(far != json)
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(PairedDifference.self, from: Data(far.utf8)) }
  }

  @Test("a version that is worse by the margin in rare records only is promoted at most as often as promised")
  func rare() {
    let runs = 500
    var promoted = 0
    var promotedByDeviation = 0
    for run in 0..<runs {
      var random = SplitMix64(seed: UInt64(run) &* 7919 &+ 17)
      var difference = PairedDifference()
      var isPromoted = false
      var isPromotedByDeviation = false
      for record in 1...8000 {
        // Of mean 0.03: one in 250 from a Pareto tail of index 2.5.
        let excess = random.nextUnit() * 250 < 1 ? 7.5 * 0.6 * pow(1 - random.nextUnit(), -0.4) : 0
        difference.add(candidate: excess + 0.3 * Double(random.nextNearlyNormal()), baseline: 0)
        guard record % 250 == 0, record >= 2000 else { continue }
        if difference.confidenceSequence(confidence: 0.99, tightestAt: 2000).upper <= 0.03 { isPromoted = true }
        let deviation = (difference.variance / Double(record)).squareRoot()
        if difference.mean + 3 * deviation <= 0.03 { isPromotedByDeviation = true }
      }
      promoted += isPromoted ? 1 : 0
      promotedByDeviation += isPromotedByDeviation ? 1 : 0
    }
    #expect(promoted <= 5, "\(promoted) of \(runs) runs")
    // An interval from the deviation that was seen, of three deviations, is taken in.
    #expect(promotedByDeviation > 10, "\(promotedByDeviation) of \(runs) runs")
  }
}
