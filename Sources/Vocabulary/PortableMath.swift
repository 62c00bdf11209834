/// Functions that give the same bits on every machine: sums, products and quotients of doubles only, where a system's
/// mathematics library may change its last bit from version to version. Relative error below 10⁻¹⁵.
package enum PortableMath {
  private static let ln2High = 0x1.62e42fee00000p-1
  private static let ln2Low = 0x1.a39ef35793c76p-33

  /// eˣ, by Taylor's series around the nearest multiple of ln 2. Range: −700 … 700, clamped.
  package static func exp(_ x: Double) -> Double {
    let x = min(max(x, -700), 700)
    let k = (x / (ln2High + ln2Low)).rounded()
    let rest = (x - k * ln2High) - k * ln2Low
    var sum = 1.0
    for n in stride(from: 14.0, through: 1, by: -1) { sum = 1 + rest / n * sum }
    return Double(sign: .plus, exponent: Int(k), significand: sum)
  }

  /// ln x of a positive normal number: ln of a power of two, and 2·artanh((m − 1) / (m + 1)) of what remains.
  package static func log(_ x: Double) -> Double {
    precondition(x >= .leastNormalMagnitude && x.isFinite, "no logarithm of \(x)")
    var exponent = Double(x.exponent)
    var m = x.significand
    if m > 1.4142135623730951 {
      m /= 2
      exponent += 1
    }
    let t = (m - 1) / (m + 1)
    let square = t * t
    var sum = 0.0
    for n in stride(from: 23.0, through: 1, by: -2) { sum = 1 / n + square * sum }
    return exponent * ln2High + (2 * t * sum + exponent * ln2Low)
  }

  /// cos(π·u) for u in 0 … 1; exact at 0, ½ and 1. Near ½ as the sine of π·(½ − u).
  package static func cosinePi(_ u: Double) -> Double {
    let u = min(max(u, 0), 1)
    if u > 0.75 { return -cosinePi(1 - u) }
    let isCosine = u < 0.25
    let y = Double.pi * (isCosine ? u : 0.5 - u)
    var sum = 1.0
    // Taylor's series from its last term on: y²ⁿ over (2n)! for the cosine, (2n + 1)! for the sine over y.
    for n in stride(from: 20.0, through: 2, by: -2) {
      sum = 1 - y * y / (isCosine ? n * (n - 1) : n * (n + 1)) * sum
    }
    return isCosine ? sum : y * sum
  }
}
