import Foundation

/// The lines of a file, as bytes: what `feed` publishes, one record a line.
///
/// A line ends with `\n`, which is not part of it; a `\r` before it is (JSON takes it for white space). The last line may lack
/// its end. Blank lines are lines. One thread at a time.
public final class LineReader {
  private let source: Decompressor
  private let lineBytesMax: Int
  private var buffer: [UInt8] = []
  private var start = 0
  private var isAtEnd = false
  /// Lines read so far.
  public private(set) var lineCount = 0

  /// - Parameter lineBytesMax: A longer line is an error: memory stays bounded whatever the file holds.
  public init(_ source: Decompressor, lineBytesMax: Int = 64 << 20) {
    self.source = source
    self.lineBytesMax = lineBytesMax
  }

  /// The next line; nil at the end.
  ///
  /// - Throws: `IngestError`, and whatever the source throws.
  public func next() throws -> [UInt8]? {
    try withNext { Array($0) }
  }

  /// Calls `body` with the next line, whose bytes are valid inside it only; nil at the end.
  public func withNext<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result? {
    var searched = start
    while true {
      if let end = newline(from: searched) {
        defer { start = end + 1 }
        return try give(start..<end, to: body)
      }
      if isAtEnd {
        if start == buffer.count { return nil }
        defer { start = buffer.count }
        return try give(start..<buffer.count, to: body)
      }
      guard buffer.count - start <= lineBytesMax else { throw tooLong }
      buffer.removeSubrange(..<start)
      searched = buffer.count
      start = 0
      if let chunk = try source.read() { buffer += chunk } else { isAtEnd = true }
    }
  }

  private func newline(from index: Int) -> Int? {
    buffer.withUnsafeBytes { bytes in
      guard index < bytes.count, let base = bytes.baseAddress,
        let found = memchr(base + index, 0x0A, bytes.count - index)
      else { return nil }
      return UnsafeRawPointer(found) - base
    }
  }

  private func give<Result>(
    _ range: Range<Int>, to body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    guard range.count <= lineBytesMax else { throw tooLong }
    lineCount += 1
    return try buffer.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }

  private var tooLong: IngestError {
    IngestError(.lineTooLong, line: lineCount + 1, "a line longer than \(lineBytesMax) bytes")
  }
}
