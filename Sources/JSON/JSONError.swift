/// Where a text stops being JSON.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong, or what would have been right.
  public let what: String
  /// Where, in bytes from the text's beginning.
  public let offset: Int

  public init(what: String, offset: Int) {
    self.what = what
    self.offset = offset
  }

  public var description: String { "\(what) at byte \(offset)" }
}
