import Foundation

/// The lines of a file, as bytes.
///
/// A line ends with `\n`, which is not part of it; a `\r` before it is (JSON takes it for white space). The last line may lack
/// its end. Blank lines are lines. A byte-order mark at the beginning is passed over; a file that is no UTF-8 by its first
/// bytes is refused. One thread at a time.
public final class LineReader {
  private let source: Decompressor
  private let lineBytesMax: Int
  private var buffer: [UInt8] = []
  private var start = 0
  private var isAtEnd = false
  private var hasBegun = false
  /// Within a line that was refused for its length.
  private var isPassingOver = false
  /// Lines read so far.
  public private(set) var lineCount = 0

  /// - Parameter lineBytesMax: A longer line is an error: memory stays bounded whatever the file holds.
  public init(_ source: Decompressor, lineBytesMax: Int = 64 << 20) {
    self.source = source
    self.lineBytesMax = lineBytesMax
  }

  /// The next line; nil at the end.
  ///
  /// - Throws: `IngestError`, and whatever the source throws. Behind a line that is too long it goes on with the next.
  public func next() throws -> [UInt8]? {
    try withNext { Array($0) }
  }

  /// Calls `body` with the next line, whose bytes are valid inside it only; nil at the end.
  public func withNext<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result? {
    if !hasBegun { try begin() }
    var searched = start
    while true {
      if let end = newline(from: searched) {
        defer { start = end + 1 }
        if isPassingOver {
          isPassingOver = false
          searched = end + 1
          start = end + 1
          continue
        }
        return try give(start..<end, to: body)
      }
      if isAtEnd {
        if start == buffer.count || isPassingOver { return nil }
        defer { start = buffer.count }
        return try give(start..<buffer.count, to: body)
      }
      if isPassingOver {
        start = buffer.count
      } else if buffer.count - start > lineBytesMax {
        isPassingOver = true
        lineCount += 1
        throw tooLong(lineCount)
      }
      buffer.removeSubrange(..<start)
      searched = buffer.count
      start = 0
      try refill()
    }
  }

  /// The bytes that come next, `count` of them unless the file ends before; nothing is taken.
  func peek(_ count: Int) throws -> ArraySlice<UInt8> {
    if !hasBegun { try begin() }
    while buffer.count - start < count, !isAtEnd { try refill() }
    return buffer[start...].prefix(count)
  }

  /// All bytes that were read and not given yet, and from then on what the source gives; nil at the end. For readers whose
  /// records are not lines.
  func nextChunk() throws -> ArraySlice<UInt8>? {
    if !hasBegun { try begin() }
    if start == buffer.count {
      buffer = []
      start = 0
      try refill()
    }
    defer { start = buffer.count }
    return start < buffer.count ? buffer[start...] : nil
  }

  /// Looks at the first bytes of the file.
  private func begin() throws {
    hasBegun = true
    while buffer.count < FileEncoding.prefixBytes, !isAtEnd { try refill() }
    start = try FileEncoding.check(buffer)
  }

  private func refill() throws {
    if let chunk = try source.read() { buffer += chunk } else { isAtEnd = true }
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
    lineCount += 1
    guard range.count <= lineBytesMax else { throw tooLong(lineCount) }
    return try buffer.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }

  private func tooLong(_ line: Int) -> IngestError {
    IngestError(.lineTooLong, line: line, "a line longer than \(lineBytesMax) bytes")
  }
}
