import Foundation
import Vocabulary

/// Sums of softened numbers, ψ(λx) for every strength λ = 2ʲ that matters: what is known of a heavy-tailed mean before anyone
/// says which bound is wanted.
///
/// ψ(y) = y − y³/6, held where it turns at |y| = √2, lies between −log(1 − y + y²/2) and log(1 + y + y²/2). So for
/// numbers of expected mean μ and mean square v the product of exp(ψ(λx) − λμ − λ²v/2) is a nonnegative supermartingale
/// at every λ, whatever the tail: the bound of Catoni with which Wang & Ramdas look at every step. Around zero ψ is odd,
/// so one sum serves both sides.
///
/// No number so far reaches the turn at the strengths below √2 over the largest: there the sum follows from the sums of the numbers
/// and of their cubes, and none is kept. So the strengths need not be chosen before the numbers' size is known, and two
/// states merge without loss.
///
/// - Source: Catoni & Giulini 2017, "Dimension-free PAC-Bayesian bounds", eq. 2.1 (ψ); Wang & Ramdas 2023, "Catoni-style
///   confidence sequences for heavy-tailed mean estimation", SPA 163, Theorem 9.
struct SoftenedSums: Sendable {
  /// Strengths that are kept; greater ones are let go of, which costs power only.
  static let strengths = 16
  /// Numbers beyond are held here: their cubes still have a sum.
  private static let sizes = 0x1p-320...0x1p320
  private static let turn = 2.0.squareRoot()

  private(set) var cubes: Double = 0
  /// The greatest size of a number.
  private(set) var largest: Double = 0
  /// The least j at which a number reached the turn; 0 while `largest` is.
  private var first = 0
  /// At 2^first, 2^(first + 1) …: within the value, as a step allocates nothing.
  private var sums = InlineArray<16, Double>(repeating: 0)

  init() {}

  /// - Parameter sum: Of the numbers before this one.
  mutating func add(_ number: Double, to sum: Double) {
    let size = min(abs(number), Self.sizes.upperBound)
    guard size >= Self.sizes.lowerBound else { return }
    let held = number < 0 ? -size : size
    if size > largest {
      let start = Self.firstStrength(size)
      if largest == 0 { first = start } else if start < first { reach(start, sum: sum) }
      largest = size
    }
    cubes += held * held * held
    var scaled = held * Self.strength(first)
    for index in sums.indices {
      let y = min(max(scaled, -Self.turn), Self.turn)
      sums[index] += y - y * y * y / 6
      scaled *= 2
    }
  }

  /// - Parameters:
  ///   - sum: Of the numbers in this one.
  ///   - otherSum: Of those in the other.
  mutating func merge(_ other: SoftenedSums, sum: Double, otherSum: Double) {
    guard other.largest > 0 else { return }
    guard largest > 0 else {
      self = other
      return
    }
    reach(min(first, other.first), sum: sum)
    var others = other
    others.reach(first, sum: otherSum)
    for index in sums.indices { sums[index] += others.sums[index] }
    cubes += other.cubes
    largest = max(largest, other.largest)
  }

  /// The sum at 2ʲ; nil where it was let go of.
  ///
  /// - Parameter sum: Of all numbers.
  func value(at j: Int, sum: Double) -> Double? {
    guard largest > 0 else { return 0 }
    if j >= first { return j < first + Self.strengths ? sums[j - first] : nil }
    let strength = Self.strength(j)
    return strength * sum - strength * strength * strength * cubes / 6
  }

  static func strength(_ j: Int) -> Double { Double(sign: .plus, exponent: j, significand: 1) }

  /// The least j with 2ʲ · size beyond the turn.
  private static func firstStrength(_ size: Double) -> Int { Int((turn / size).exponent) + 1 }

  /// Begins to keep the strengths from `start` on, at most `first`, and lets go of as many of the greatest.
  private mutating func reach(_ start: Int, sum: Double) {
    guard start < first else { return }
    var reached = InlineArray<16, Double>(repeating: 0)
    for index in reached.indices { reached[index] = value(at: start + index, sum: sum) ?? 0 }
    sums = reached
    first = start
  }
}

extension SoftenedSums {
  func encode(into writer: inout CompactWriter) {
    writer.write(cubes)
    writer.write(largest)
    guard largest > 0 else { return }
    writer.write(count: Int64(first + Self.placeOfZero))
    for index in sums.indices { writer.write(sums[index]) }
  }

  init(decoding reader: inout CompactReader) throws {
    cubes = try reader.readDouble()
    largest = try reader.readDouble()
    if largest > 0 {
      first = Int(try reader.readCount(max: Int64(2 * Self.placeOfZero))) - Self.placeOfZero
      for index in sums.indices { sums[index] = try reader.readDouble() }
    }
    guard isSound else { throw reader.damage("has softened sums of numbers that there cannot be") }
  }

  /// Strengths lie within 2^±321.
  private static let placeOfZero = 400

  private var isSound: Bool {
    guard largest != 0 else { return cubes == 0 && first == 0 && list.allSatisfy { $0 == 0 } }
    return Self.sizes.contains(largest) && cubes.isFinite && first == Self.firstStrength(largest)
      && list.allSatisfy(\.isFinite)
  }

  private var list: [Double] { sums.indices.map { sums[$0] } }
}

extension SoftenedSums: Hashable {
  static func == (one: SoftenedSums, other: SoftenedSums) -> Bool {
    one.cubes == other.cubes && one.largest == other.largest && one.first == other.first && one.list == other.list
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(cubes)
    hasher.combine(largest)
    hasher.combine(first)
    hasher.combine(list)
  }
}

extension SoftenedSums: Codable {
  private enum Key: String, CodingKey { case cubes, largest, first, sums }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(cubes, forKey: .cubes)
    try container.encode(largest, forKey: .largest)
    try container.encode(first, forKey: .first)
    try container.encode(list, forKey: .sums)
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    cubes = try container.decode(Double.self, forKey: .cubes)
    largest = try container.decode(Double.self, forKey: .largest)
    first = try container.decode(Int.self, forKey: .first)
    let list = try container.decode([Double].self, forKey: .sums)
    if list.count == Self.strengths { for index in sums.indices { sums[index] = list[index] } }
    guard list.count == Self.strengths, isSound else {
      throw DecodingError.dataCorruptedError(
        forKey: .sums, in: container, debugDescription: "sums of numbers that there cannot be")
    }
  }
}
