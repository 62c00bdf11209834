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
    /// The producer does not take a record of this size.
    case recordTooLarge = "record_too_large"
    /// Compressed in a way that is not read.
    case unknownCompression = "unknown_compression"
    /// The bytes are no UTF-8 text.
    case notText = "not_text"
    /// The file does not look like what it is said to hold.
    case wrongFormat = "wrong_format"
    /// The first line of a CSV file cannot name the fields of a record.
    case badHeader = "bad_header"
    /// A line that is no record: of a CSV file, one that does not fit its header.
    case badLine = "bad_line"
  }

  public let code: Code
  /// One-based; nil where lines are not known.
  public let line: Int?
  public let reason: String
  /// The same bytes give the same error.
  public let isRetryable = false
  /// Whether the reader can go on behind it: one line is bad, not the file.
  public var isOfOneLine: Bool { [.badLine, .lineTooLong, .recordTooLarge].contains(code) }

  init(_ code: Code, line: Int? = nil, _ reason: String) {
    self.code = code
    self.line = line
    self.reason = reason
  }

  /// - Parameter limit: The most bytes that would be taken.
  public init(tooLarge bytes: Int, limit: Int, line: Int) {
    self.init(.recordTooLarge, line: line, "a record of \(bytes) bytes, of which \(limit) at most are sent")
  }

  public var description: String { (line.map { "line \($0): " } ?? "") + reason }
}
