/// Why a file of records cannot be read on.
public struct IngestError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: String, Sendable, Hashable {
    /// The compressed bytes are not what they say.
    case damaged
    /// The compressed bytes end too early.
    case truncated
    /// Decompression would need more memory than is allowed.
    case windowTooLarge = "window_too_large"
    /// More comes out of a compressed body than is allowed.
    case tooLarge = "too_large"
    case lineTooLong = "line_too_long"
    /// The first line of a CSV file cannot name the fields of a record.
    case badHeader = "bad_header"
    /// A line of a CSV file does not fit its header.
    case badLine = "bad_line"
  }

  public let code: Code
  /// One-based; nil where lines are not known.
  public let line: Int?
  public let reason: String
  /// The same bytes give the same error.
  public let isRetryable = false

  init(_ code: Code, line: Int? = nil, _ reason: String) {
    self.code = code
    self.line = line
    self.reason = reason
  }

  public var description: String { (line.map { "line \($0): " } ?? "") + reason }
}
