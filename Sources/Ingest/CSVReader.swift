import Foundation

/// The lines of a CSV file (RFC 4180) as JSON objects: what `feed` publishes.
///
/// The first line that is neither blank nor a comment (`#`) names the fields; `sep=;` before it, as spreadsheets write it,
/// names the separator. `CSVHeader` says what becomes of names, `CSVValue` of values. A value in quotes may hold
/// separators, quotes (doubled) and line breaks. Blank lines are passed over, and lines that begin with `#` and are no
/// record. Behind a bad line it goes on with the next. One thread at a time.
public final class CSVReader {
  private let lines: LineReader
  private let format: CSVFormat
  private let value: CSVValue
  private let quotedBytesMax: Int
  private var separator: UInt8 = 0
  private var header: CSVHeader?
  private var row = CSVRow()
  private var json: [UInt8] = []
  /// The lines behind an opened quote, to be read again where it turns out that it is never closed.
  private var held: [(number: Int, bytes: [UInt8])] = []
  private var replayed: ArraySlice<(number: Int, bytes: [UInt8])> = []
  /// What ended the reading behind them.
  private var trouble: (any Error)?

  public private(set) var blankLines: Int64 = 0
  public private(set) var commentLines: Int64 = 0
  /// What a person should know of the header, a sentence each.
  public private(set) var notes: [String] = []

  /// - Parameter quotedBytesMax: What a record with a line break in quotes may hold: a quote that is never closed is told
  ///   after so many bytes.
  public init(
    _ source: Decompressor, format: CSVFormat = CSVFormat(), lineBytesMax: Int = 64 << 20, quotedBytesMax: Int = 1 << 20
  ) {
    lines = LineReader(source, lineBytesMax: lineBytesMax)
    self.format = format
    value = CSVValue(format)
    self.quotedBytesMax = quotedBytesMax
  }

  /// The names of the columns, once the header was read; empty: an empty file.
  public func columnNames() throws -> [String] {
    if header == nil { try readHeader() }
    return header?.names ?? []
  }

  /// The next record as one JSON object on one line; nil at the end.
  public func next() throws -> [UInt8]? { try withNext { record, _ in Array(record) } }

  /// Calls `body` with the next record, whose bytes are valid inside it only, and the line it begins on; nil at the end.
  ///
  /// - Throws: `IngestError` for a header or a line that does not fit, and whatever source or `body` throw.
  public func withNext<Result>(_ body: (UnsafeRawBufferPointer, Int) throws -> Result) throws -> Result? {
    if header == nil { try readHeader() }
    guard let header else { return nil }
    while let (line, isComment) = try readRow() {
      guard row.count == header.names.count else {
        if isComment {
          // One line, whatever quotes it holds.
          readAgain()
          commentLines += 1
          continue
        }
        let reach = held.last.map { "; a quote that is opened here is closed on line \($0.number)" } ?? ""
        throw IngestError(.badLine, line: line, misfit(row.count, header.names.count) + reach)
      }
      json.removeAll(keepingCapacity: true)
      append(header.members)
      return try json.withUnsafeBytes { try body($0, line) }
    }
    return nil
  }

  private func misfit(_ found: Int, _ columns: Int) -> String {
    let hint =
      found == columns + 1
      ? "a value that holds one needs quotes; row names, as R writes them, need a name in the header"
      : found > columns ? "a value that holds one needs quotes" : "is the line cut off, or the separator another?"
    return "\(found) value\(found == 1 ? "" : "s") under a header of \(columns) columns (separated by "
      + "\(CSVFormat.name(of: separator)); \(hint))"
  }

  private func append(_ members: [CSVHeader.Member]) {
    json.append(UInt8(ascii: "{"))
    let start = json.count
    for member in members {
      let before = json.count
      if before > start { json.append(UInt8(ascii: ",")) }
      json += member.lead
      switch member.part {
      case .object(let inner): append(inner)
      case .column(let column, let kind):
        let (bytes, isQuoted) = (row.bytes[row.range(column)], row.isQuoted(column))
        if !isQuoted, value.isMissing(bytes, in: kind) {
          json.removeSubrange(before...)
        } else {
          value.append(bytes, isQuoted: isQuoted, as: kind, to: &json)
        }
      }
    }
    json.append(UInt8(ascii: "}"))
  }

  // MARK: Lines

  /// A header that cannot be read ends the file: the line behind it is a record.
  private func readHeader() throws {
    do { try findHeader() } catch let error as IngestError where error.isOfOneLine {
      throw IngestError(.badHeader, line: error.line, error.reason)
    }
  }

  private func findHeader() throws {
    var comment: (line: Int, bytes: [UInt8])?
    while let (number, line) = try nextLine() {
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) {
        blankLines += 1
        continue
      }
      if let named = Self.namedSeparator(line) {
        separator = named
        continue
      }
      if line.first == UInt8(ascii: "#") {
        commentLines += 1
        comment = (number, Array(line.dropFirst()))
        continue
      }
      if let given = format.separator { separator = given }
      if separator == 0 { separator = line.withUnsafeBytes { CSVFormat.separator(in: $0) } }
      replayed.insert((number, line), at: replayed.startIndex)
      guard try readRow() != nil else { return }
      let header = try CSVHeader(row, format, line: number)
      try refuse(comment, beside: header)
      tellOf(header)
      self.header = header
      return
    }
  }

  /// A comment that has as many names as the record behind it may be the header.
  private func refuse(_ comment: (line: Int, bytes: [UInt8])?, beside header: CSVHeader) throws {
    guard let comment, header.names.count > 1 else { return }
    var row = CSVRow()
    guard comment.bytes.withUnsafeBytes({ row.take($0, separator: separator) }), row.count == header.names.count else {
      return
    }
    throw IngestError(
      .badHeader, line: comment.line,
      "line \(comment.line) has as many values as the next and begins with #: if it is the header, take the # away; if not, "
        + "take the line away")
  }

  private func tellOf(_ header: CSVHeader) {
    let unnamed = header.unnamed
    if unnamed == [1] {
      notes.append("the first column has no name, as the index that pandas writes: it is left out")
    } else if !unnamed.isEmpty {
      let numbers = unnamed.prefix(5).map(String.init).joined(separator: ", ") + (unnamed.count > 5 ? " …" : "")
      notes.append("column\(unnamed.count == 1 ? "" : "s") \(numbers) without a name: left out")
    }
    if header.looksLikeRecord {
      notes.append(
        "the header has numbers for names (\(header.names.prefix(4).joined(separator: ", "))): is it a record?")
    }
  }

  /// `sep=;`, the first line that spreadsheets write to say so.
  private static func namedSeparator(_ line: [UInt8]) -> UInt8? {
    let bare = line.filter { $0 != UInt8(ascii: "\"") }
    guard bare.count == 5, String(decoding: bare.prefix(4), as: UTF8.self).lowercased() == "sep=" else { return nil }
    return bare[4]
  }

  /// Reads one record's values into `row`.
  ///
  /// - Returns: The line it begins on, and whether it begins with `#`; nil: the file ends.
  private func readRow() throws -> (line: Int, isComment: Bool)? {
    row.clear()
    held.removeAll(keepingCapacity: true)
    var first: (line: Int, isComment: Bool)?
    while true {
      let isWhole: Bool?
      do { isWhole = try withLine { number, line in try take(line, number, &first) } } catch {
        guard let first, (error as? IngestError)?.code != .badLine else { throw error }
        // Told in its turn, behind what is read again.
        trouble = error
        throw unclosed(first.line, "not closed before this: \(error)")
      }
      guard let isWhole else {
        guard let first else { return nil }
        throw unclosed(first.line, "never closed")
      }
      if isWhole { return first }
    }
  }

  /// True: the record is complete.
  private func take(_ line: UnsafeRawBufferPointer, _ number: Int, _ first: inout (line: Int, isComment: Bool)?) throws
    -> Bool
  {
    if first == nil {
      if line.allSatisfy({ $0 == 0x20 }) {
        blankLines += 1
        return false
      }
      first = (number, line[0] == UInt8(ascii: "#"))
    } else {
      held.append((number, Array(line)))
    }
    let start = first?.line ?? number
    if let damage = Self.damage(in: line) {
      guard number != start else { throw IngestError(.badLine, line: number, damage) }
      throw unclosed(start, "not closed before line \(number), which is no text: \(damage)")
    }
    guard row.take(line, separator: separator) else {
      guard number != start else { throw IngestError(.badLine, line: number, "text behind a closing quote") }
      throw unclosed(start, "closed in the middle of a value, on line \(number)")
    }
    if row.isOpen, row.bytes.count > quotedBytesMax {
      throw unclosed(start, "not closed within \(quotedBytesMax) bytes")
    }
    return !row.isOpen
  }

  /// The lines behind the one that opened the quote are read again: they may be records.
  private func unclosed(_ line: Int, _ how: String) -> IngestError {
    readAgain()
    return IngestError(.badLine, line: line, "a quote is opened here and \(how)")
  }

  private func readAgain() {
    replayed.insert(contentsOf: held, at: replayed.startIndex)
    held = []
  }

  /// Why a line is no text; nil: it is.
  private static func damage(in line: UnsafeRawBufferPointer) -> String? {
    if let zero = line.firstIndex(of: 0) {
      return "a NUL byte in column \(zero + 1): the file is damaged, or no text"
    }
    return FileEncoding.trouble(in: line)
  }

  private func nextLine() throws -> (Int, [UInt8])? { try withLine { ($0, Array($1)) } }

  /// Calls `body` with the next line, without its end, and its number.
  private func withLine<Result>(_ body: (Int, UnsafeRawBufferPointer) throws -> Result) throws -> Result? {
    if let again = replayed.popFirst() { return try again.bytes.withUnsafeBytes { try body(again.number, $0) } }
    if let trouble {
      self.trouble = nil
      throw trouble
    }
    return try lines.withNext { line in
      let hasReturn = line.last == 0x0D
      return try body(lines.lineCount, hasReturn ? UnsafeRawBufferPointer(rebasing: line.dropLast()) : line)
    }
  }
}
