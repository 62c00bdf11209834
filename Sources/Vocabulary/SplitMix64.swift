/// A small seeded generator whose state is one word: what is random in the model state is random in the same way everywhere.
///
/// - Source: Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators".
public struct SplitMix64: RandomNumberGenerator, Sendable, Hashable, Codable {
  public var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform in [0, 1).
  public mutating func nextUnit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Nearly normal, with mean 0 and deviation 1, in -6 ..< 6: the sum of twelve uniform numbers.
  public mutating func nextNearlyNormal() -> Float {
    var sum = -6.0
    for _ in 0..<12 { sum += nextUnit() }
    return Float(sum)
  }
}
