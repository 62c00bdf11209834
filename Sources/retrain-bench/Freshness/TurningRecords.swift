import Foundation
import Vocabulary

/// Records of 64 numbers, over and over, whose labels follow a direction that turns: what is fresh is better.
struct TurningRecords: Sendable {
  static let width = 64
  /// A whole turn.
  private static let turn = 600.0

  private var starts: [[UInt8]] = []
  /// On two axes, and what nobody can know.
  private var projections: [(Double, Double, Double)] = []

  init(count: Int) {
    var random = SplitMix64(seed: 14)
    let axes = (0..<Self.width).map { _ in (random.nextUnit() - 0.5, random.nextUnit() - 0.5) }
    for _ in 0..<count {
      let numbers = (0..<Self.width).map { _ in Int(random.next() % 199) - 99 }
      let fields = numbers.enumerated().map { "\"f\($0)\":\($1)" }.joined(separator: ",")
      starts.append(Array("{\"x\":{\(fields)},\"y\":".utf8))
      let sums = zip(numbers, axes).reduce((0.0, 0.0)) { ($0.0 + Double($1.0) * $1.1.0, $0.1 + Double($1.0) * $1.1.1) }
      projections.append((sums.0, sums.1, 100 * (random.nextUnit() - 0.5)))
    }
  }

  func line(_ number: Int, at seconds: Double) -> [UInt8] {
    let place = number % starts.count
    let angle = 2 * Double.pi * seconds / Self.turn
    let (first, second, noise) = projections[place]
    let isPositive = first * cos(angle) + second * sin(angle) + noise > 0
    return starts[place] + [UInt8(ascii: isPositive ? "1" : "0"), UInt8(ascii: "}")]
  }
}
