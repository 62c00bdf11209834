/// A zero-based place in a generation.
public struct Rank: RawRepresentable, Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
  public let rawValue: Int

  public init(rawValue: Int) {
    precondition(rawValue >= 0, "a rank is zero or more, not \(rawValue)")
    self.rawValue = rawValue
  }

  public init(_ rawValue: Int) { self.init(rawValue: rawValue) }

  public var description: String { String(rawValue) }
  public static func < (left: Rank, right: Rank) -> Bool { left.rawValue < right.rawValue }
}
