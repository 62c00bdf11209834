import Tensors
import Testing
import Vocabulary

@Suite("Rounding to bfloat16")
struct RoundingTests {
  /// Every upper half, with the lower halves at and around a tie.
  private static let values: [Float] = (0...UInt32(UInt16.max)).flatMap { upper in
    [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff].map { Float(bitPattern: upper << 16 | $0) }
  }

  /// The nearer of the two neighbours, by their distances in Double; of two as near the one with an even last bit.
  private static func nearest(_ x: Float) -> UInt16 {
    let below = UInt16(x.bitPattern >> 16)
    if x.isInfinite || x.isNaN { return below }
    func value(_ half: UInt16) -> Double {
      let whole = Float(bitPattern: UInt32(half) << 16)
      // Beyond the largest number is infinity, where the next number would be.
      return whole.isInfinite ? Double(sign: whole.sign, exponent: 128, significand: 1) : Double(whole)
    }
    let (down, up) = (abs(Double(x) - value(below)), abs(value(below + 1) - Double(x)))
    if down == up { return below.isMultiple(of: 2) ? below : below + 1 }
    return down < up ? below : below + 1
  }

  private static func round(
    _ x: [Float], adding before: [Float], _ kernels: Kernels
  ) -> (rounded: [UInt16], errors: [Float]) {
    var (rounded, errors) = ([UInt16](repeating: 0xabcd, count: x.count), [Float](repeating: -7, count: x.count))
    kernels.round(count: x.count, x, adding: before, to: &rounded, error: &errors)
    return (rounded, errors)
  }

  @Test("goes to the nearest, ties to even, and subnormal numbers and zeros of both signs alike")
  func nearestOfAll() throws {
    let zeros = Self.values.map { $0.isZero ? $0 : Float(0) }  // −0 + 0 would be +0
    let kernels = try #require(Kernels(level: .scalar))
    let (rounded, errors) = Self.round(Self.values, adding: zeros, kernels)
    for (index, x) in Self.values.enumerated() where !x.isNaN {
      let whole = Float(bitPattern: UInt32(rounded[index]) << 16)
      #expect(rounded[index] == Self.nearest(x), "\(x)")
      #expect(errors[index] == (whole.isFinite ? x - whole : 0), "\(x)")
    }
  }

  @Test("a NaN stays one and an infinity its own, with no error")
  func nonFinite() throws {
    for kernels in Kernels.available {
      let x = Self.values.filter { !$0.isFinite }
      let (rounded, errors) = Self.round(x, adding: x.map { _ in 1 }, kernels)
      for (index, x) in x.enumerated() {
        let whole = Float(bitPattern: UInt32(rounded[index]) << 16)
        #expect(x.isNaN ? whole.isNaN : whole == x, "\(x) on \(kernels.level)")
        #expect(errors[index] == 0)
      }
    }
  }

  @Test("every level gives the same bits, of any count, and touches nothing beyond", arguments: vectorLevels)
  func levels(level: Kernels.Level) throws {
    var random = SplitMix64(seed: 5)
    let before = Self.values.map { _ in Float(random.nextUnit() - 0.5) }
    let counts = [0, 1, 7, 15, 16, 17, 31, 33, Self.values.count - 3]
    try expectScalarBits(on: level) { kernels in
      counts.flatMap { count -> [UInt32] in
        let x = Array(Self.values.shuffled(seed: 9)[..<count])
        var (rounded, errors) = Self.round(x, adding: Array(before[..<count]), kernels)
        rounded.append(0xabcd)
        var (wide, sum) = ([Float](repeating: 3, count: count + 1), Array(before[...count]))
        kernels.widen(count: count, rounded, to: &wide)
        kernels.addWidened(count: count, rounded, to: &sum)
        errors.append(0)
        #expect(wide[count] == 3 && sum[count] == before[count])
        #expect((0..<count).allSatisfy { wide[$0].bitPattern == UInt32(rounded[$0]) << 16 })
        // Processors give a NaN of an addition different signs.
        return rounded.map(UInt32.init) + errors.map(\.bitPattern) + sum.map { $0.isNaN ? 0 : $0.bitPattern }
      }
    }
  }
}

extension Array {
  fileprivate func shuffled(seed: UInt64) -> Self {
    var random = SplitMix64(seed: seed)
    return shuffled(using: &random)
  }
}
