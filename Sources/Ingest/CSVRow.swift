/// The values of one record of a CSV file, in one block of bytes.
struct CSVRow {
  private(set) var bytes: [UInt8] = []
  /// Where each value ends in `bytes`, and whether it stood in quotes.
  private var ends: [(end: Int, isQuoted: Bool)] = []
  /// Within a quoted value at the end of a line.
  private(set) var isOpen = false
  private var isQuoted = false
  private var hasClosed = false

  var count: Int { ends.count }

  func isQuoted(_ index: Int) -> Bool { ends[index].isQuoted }

  /// The value's bytes; spaces around one without quotes are left out.
  func range(_ index: Int) -> Range<Int> {
    var (start, end) = (index == 0 ? 0 : ends[index - 1].end, ends[index].end)
    if !ends[index].isQuoted {
      while start < end, Self.isBlank(bytes[start]) { start += 1 }
      while end > start, Self.isBlank(bytes[end - 1]) { end -= 1 }
    }
    return start..<end
  }

  func text(_ index: Int) -> String { String(decoding: bytes[range(index)], as: UTF8.self) }

  mutating func clear() {
    bytes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    (isOpen, isQuoted, hasClosed) = (false, false, false)
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  /// Takes one line, without its end; unless `isOpen` then, the record is complete.
  ///
  /// - Returns: False: text behind a closing quote.
  mutating func take(_ line: UnsafeRawBufferPointer, separator: UInt8) -> Bool {
    if isOpen { bytes.append(0x0A) }
    var start = ends.last?.end ?? 0
    var index = 0
    while index < line.count {
      let byte = line[index]
      index += 1
      if isOpen {
        if byte != UInt8(ascii: "\"") {
          bytes.append(byte)
        } else if index < line.count, line[index] == byte {
          bytes.append(byte)
          index += 1
        } else {
          isOpen = false
          hasClosed = true
        }
      } else if byte == separator {
        endValue()
        start = bytes.count
      } else if hasClosed {
        guard Self.isBlank(byte) else { return false }
      } else if byte == UInt8(ascii: "\""), bytes[start...].allSatisfy(Self.isBlank) {
        bytes.removeSubrange(start...)
        isOpen = true
        isQuoted = true
      } else {
        bytes.append(byte)
      }
    }
    if !isOpen { endValue() }
    return true
  }

  private mutating func endValue() {
    ends.append((bytes.count, isQuoted))
    isQuoted = false
    hasClosed = false
  }
}
