/// JSON objects that are not one a line: elements of one array, or objects over several lines.
///
/// Not a parser: it follows brackets and quotes only. One thread at a time.
final class JSONSplitter {
  private let source: LineReader
  private let bytesMax: Int
  private var chunk: ArraySlice<UInt8> = []
  private var record: [UInt8] = []
  private var line = 1

  /// - Parameter bytesMax: A larger object is an error.
  init(_ source: LineReader, bytesMax: Int = 64 << 20) {
    self.source = source
    self.bytesMax = bytesMax
  }

  /// Where the scan is within an object.
  private struct Depth {
    var brackets = 0
    var isText = false
    var isEscaped = false

    /// Goes over one byte; false: white space between tokens.
    mutating func take(_ byte: UInt8) -> Bool {
      if isText {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isText = false
        }
        return true
      }
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["): brackets += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): brackets -= 1
      case UInt8(ascii: "\""): isText = true
      default: return !JSONReader.isSpace(byte)
      }
      return true
    }
  }

  /// Whether every bracket and quote of `bytes` is closed.
  static func isWhole(_ bytes: ArraySlice<UInt8>) -> Bool {
    var depth = Depth()
    for byte in bytes { _ = depth.take(byte) }
    return depth.brackets == 0 && !depth.isText
  }

  /// As the method of `JSONReader`.
  func withNext<Result>(_ body: (UnsafeRawBufferPointer, Int) throws -> Result) throws -> Result? {
    guard let start = try findObject() else { return nil }
    record.removeAll(keepingCapacity: true)
    var depth = Depth()
    while let byte = try take() {
      if depth.take(byte), record.count <= bytesMax { record.append(byte) }
      guard depth.brackets == 0 else { continue }
      guard record.count <= bytesMax else {
        throw IngestError(.lineTooLong, line: start, "an object of more than \(bytesMax) bytes")
      }
      return try record.withUnsafeBytes { try body($0, start) }
    }
    throw IngestError(.badLine, line: start, "the object that begins here never ends")
  }

  /// Goes to where the next object begins, and returns its line.
  private func findObject() throws -> Int? {
    var stray: (line: Int, bytes: [UInt8])?
    while let byte = try look() {
      if byte == UInt8(ascii: "{") {
        guard let stray else { return line }
        throw IngestError(
          .badLine, line: stray.line, "'\(String(decoding: stray.bytes, as: UTF8.self))' between two objects")
      }
      // What stands between objects: an array's own signs, commas, record separators.
      let isExpected = JSONReader.isSpace(byte) || [0x1E, 0x2C, 0x5B, 0x5D].contains(byte)
      if !isExpected {
        var found = stray ?? (line, [])
        if found.bytes.count < 40 { found.bytes.append(byte) }
        stray = found
      }
      _ = try take()
    }
    guard let stray else { return nil }
    throw IngestError(
      .badLine, line: stray.line, "'\(String(decoding: stray.bytes, as: UTF8.self))' behind the last object")
  }

  private func look() throws -> UInt8? {
    while chunk.isEmpty {
      guard let more = try source.nextChunk() else { return nil }
      chunk = more
    }
    return chunk[chunk.startIndex]
  }

  private func take() throws -> UInt8? {
    guard let byte = try look() else { return nil }
    chunk = chunk.dropFirst()
    if byte == 0x0A { line += 1 }
    return byte
  }
}
