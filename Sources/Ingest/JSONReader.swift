import Vocabulary

/// The records of a file of JSON objects: what `feed` publishes.
///
/// Usually one object a line (JSON Lines); a record separator before it (RFC 7464) and a comma behind it are passed over.
/// A file that is one JSON array of objects, or whose objects go over several lines, is read too, each object as one line
/// without the white space between its tokens. Whether an object is well formed is for whoever reads the record: a line
/// that is none is given all the same and counted, unless the reader is strict. One thread at a time.
public final class JSONReader {
  /// Lines that are no records by their look, and were given all the same.
  public struct Oddity: Sendable, Hashable {
    public let reason: String
    public let firstLine: Int
    public fileprivate(set) var count: Int64
  }

  private enum Shape { case lines, values }
  private let lines: LineReader
  private let isStrict: Bool
  private let isSure: Bool
  private var shape: Shape?
  private lazy var splitter = JSONSplitter(lines)
  /// In the order in which they were found.
  public private(set) var oddities: [Oddity] = []
  public private(set) var blankLines: Int64 = 0

  /// - Parameters:
  ///   - isSure: The file is known to hold JSON, whatever it looks like.
  ///   - isStrict: What is no object is an error.
  public init(
    _ source: Decompressor, isSure: Bool = true, isStrict: Bool = false, lineBytesMax: Int = 64 << 20
  ) {
    lines = LineReader(source, lineBytesMax: lineBytesMax)
    self.isSure = isSure
    self.isStrict = isStrict
  }

  /// Calls `body` with the next record, whose bytes are valid inside it only, and the line it begins on; nil at the end.
  ///
  /// - Throws: `IngestError`, and whatever the source or `body` throws.
  public func withNext<Result>(_ body: (UnsafeRawBufferPointer, Int) throws -> Result) throws -> Result? {
    if shape == nil { shape = try findShape() }
    guard shape == .lines else { return try splitter.withNext(body) }
    var result: Result?
    while result == nil {
      let hasLine: Void? = try lines.withNext { line in
        let record = Self.trimmed(line)
        guard !record.isEmpty else {
          blankLines += 1
          return
        }
        if let reason = Self.oddity(of: record) {
          if isStrict { throw IngestError(.badLine, line: lines.lineCount, reason) }
          note(reason)
        }
        result = try body(record, lines.lineCount)
      }
      if hasLine == nil { return nil }
    }
    return result
  }

  private func note(_ reason: String) {
    if let index = oddities.firstIndex(where: { $0.reason == reason }) {
      oddities[index].count += 1
    } else if oddities.count < 8 {
      oddities.append(Oddity(reason: reason, firstLine: lines.lineCount, count: 1))
    }
  }

  private static func oddity(of record: UnsafeRawBufferPointer) -> String? {
    guard record[0] == UInt8(ascii: "{"), record[record.count - 1] == UInt8(ascii: "}") else {
      return "no JSON object"
    }
    return TextEncoding.isUTF8(record) ? nil : "not UTF-8 (Latin-1? 'iconv -f WINDOWS-1252 -t UTF-8' converts it)"
  }

  /// Without white space, record separator and trailing comma.
  private static func trimmed(_ line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var (start, end) = (0, line.count)
    while start < end, isSpace(line[start]) || line[start] == recordSeparator { start += 1 }
    while end > start, isSpace(line[end - 1]) { end -= 1 }
    if end > start + 1, line[end - 1] == UInt8(ascii: ",") {
      var before = end - 1
      while before > start, isSpace(line[before - 1]) { before -= 1 }
      if before > start, line[before - 1] == UInt8(ascii: "}") { end = before }
    }
    return UnsafeRawBufferPointer(rebasing: line[start..<end])
  }

  private static let recordSeparator: UInt8 = 0x1E

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }

  private func findShape() throws -> Shape {
    let head = Array(try lines.peek(64 << 10))
    func next(from index: Int) -> Int? {
      head[min(index, head.count)...].firstIndex { !Self.isSpace($0) && $0 != Self.recordSeparator }
    }
    guard let first = next(from: 0) else { return .lines }
    switch head[first] {
    case UInt8(ascii: "["):
      guard let second = next(from: first + 1) else { return .values }
      return [UInt8(ascii: "{"), UInt8(ascii: "]")].contains(head[second]) ? .values : .lines
    case UInt8(ascii: "{"):
      guard let end = head[first...].firstIndex(of: 0x0A), !JSONSplitter.isWhole(head[first..<end]),
        let second = next(from: end)
      else { return .lines }
      // A line that was cut off is followed by another object, one that goes on by a name or a bracket.
      return [UInt8(ascii: "\""), UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ",")].contains(head[second])
        ? .values : .lines
    case let byte where !isSure && (byte >= 0x80 || Self.beginsText.contains(byte)):
      let line = head[..<first].count { $0 == 0x0A } + 1
      throw IngestError(
        .wrongFormat, line: line,
        "'\(Self.glimpse(of: head[first...]))' is no JSON object: if the file is CSV, say --format csv")
    default: return .lines
    }
  }

  private static let beginsText = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\"#<,;-'".utf8)

  private static func glimpse(of bytes: ArraySlice<UInt8>) -> String {
    let line = bytes.prefix { $0 != 0x0A && $0 != 0x0D }
    return String(decoding: line.prefix(40), as: UTF8.self) + (line.count > 40 ? "…" : "")
  }
}
