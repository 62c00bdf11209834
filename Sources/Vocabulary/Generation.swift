/// The number of one membership of the group; it only increases, and fences whatever an older one still tries to write.
public struct Generation: RawRepresentable, Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
  public let rawValue: Int64

  public init(rawValue: Int64) { self.rawValue = rawValue }
  public init(_ rawValue: Int64) { self.rawValue = rawValue }

  public var next: Generation { Generation(rawValue + 1) }
  public var description: String { String(rawValue) }
  public static func < (left: Generation, right: Generation) -> Bool { left.rawValue < right.rawValue }
}
