import CJSON
import Pipelines

/// The lines of a CSV file (RFC 4180) as JSON objects: what `feed` publishes.
///
/// The first line names the fields by dotted paths: a column `x.carrier` becomes the key carrier of the object x. A value
/// without quotes is a number or a boolean where JSON would read one, absent where it is empty, and else text; a value in
/// quotes is text, and may hold commas, quotes (doubled) and line breaks. One thread at a time.
public final class CSVReader {
  private let lines: LineReader
  private var template: ObjectTemplate?
  private var columnCount = 0
  private var fields: [Field] = []

  struct Field {
    var bytes: [UInt8] = []
    var isQuoted = false
  }

  public init(_ source: Decompressor, lineBytesMax: Int = 64 << 20) {
    lines = LineReader(source, lineBytesMax: lineBytesMax)
  }

  /// The next record as one JSON object on one line; nil at the end. Blank lines are passed over.
  ///
  /// - Throws: `IngestError` for a header or a line that does not fit, and whatever the source throws.
  public func next() throws -> [UInt8]? {
    if template == nil {
      guard try readFields() else { return nil }
      let names = fields.map { String(decoding: $0.bytes, as: UTF8.self) }
      template = try ObjectTemplate(columns: names)
      columnCount = names.count
    }
    guard let template, try readFields() else { return nil }
    guard fields.count == columnCount else {
      throw IngestError(
        .badLine, line: lines.lineCount, "\(fields.count) values under a header of \(columnCount) columns")
    }
    var json: [UInt8] = []
    template.append(fields, to: &json)
    return json
  }

  /// Reads one record's values into `fields`; false at the end.
  private func readFields() throws -> Bool {
    fields.removeAll(keepingCapacity: true)
    var field = Field()
    var isOpen = false
    while true {
      let hasLine: Void? = try lines.withNext { line in
        var line = line
        if line.last == 0x0D { line = UnsafeRawBufferPointer(rebasing: line.dropLast()) }
        if line.isEmpty, !isOpen { return }
        try split(line, &field, &isOpen)
        if !isOpen {
          fields.append(field)
          field = Field()
        }
      }
      if hasLine == nil {
        if isOpen { throw IngestError(.badLine, line: lines.lineCount, "a quote that is never closed") }
        return false
      }
      if isOpen { field.bytes.append(0x0A) } else if !fields.isEmpty { return true }
    }
  }

  /// Goes through one line; all values but the last go into `fields`.
  private func split(_ line: UnsafeRawBufferPointer, _ field: inout Field, _ isOpen: inout Bool) throws {
    var index = 0
    while index < line.count {
      let byte = line[index]
      index += 1
      switch byte {
      case UInt8(ascii: "\"") where isOpen:
        if index < line.count, line[index] == byte {
          field.bytes.append(byte)
          index += 1
        } else {
          isOpen = false
          guard index == line.count || line[index] == UInt8(ascii: ",") else {
            throw IngestError(.badLine, line: lines.lineCount, "text after a closing quote")
          }
        }
      case UInt8(ascii: "\"") where field.bytes.isEmpty && !field.isQuoted:
        isOpen = true
        field.isQuoted = true
      case UInt8(ascii: ",") where !isOpen:
        fields.append(field)
        field = Field()
      default:
        field.bytes.append(byte)
      }
    }
  }
}

/// A JSON object with a place for each column.
struct ObjectTemplate {
  private indirect enum Part {
    case column(Int)
    case object(ObjectTemplate)
  }
  private var parts: [(key: String, part: Part)] = []

  private init() {}

  init(columns: [String]) throws(IngestError) {
    for (column, name) in columns.enumerated() {
      guard let keys = FieldPath(name)?.keys else {
        throw IngestError(.badHeader, line: 1, "column \(column + 1) is `\(name)`, which is no dotted path")
      }
      guard insert(keys[...], column) else {
        throw IngestError(.badHeader, line: 1, "column \(column + 1), `\(name)`, clashes with another")
      }
    }
  }

  /// False: the path is taken, or leads through a value.
  private mutating func insert(_ keys: ArraySlice<String>, _ column: Int) -> Bool {
    guard let key = keys.first else { return false }
    let rest = keys.dropFirst()
    guard let index = parts.firstIndex(where: { $0.key == key }) else {
      if rest.isEmpty {
        parts.append((key, .column(column)))
        return true
      }
      var object = ObjectTemplate()
      let isNew = object.insert(rest, column)
      parts.append((key, .object(object)))
      return isNew
    }
    guard !rest.isEmpty, case .object(var object) = parts[index].part else { return false }
    let isNew = object.insert(rest, column)
    parts[index].part = .object(object)
    return isNew
  }

  func append(_ fields: [CSVReader.Field], to json: inout [UInt8]) {
    json.append(UInt8(ascii: "{"))
    var isFirst = true
    for (key, part) in parts {
      if case .column(let column) = part, fields[column].bytes.isEmpty, !fields[column].isQuoted { continue }
      if !isFirst { json.append(UInt8(ascii: ",")) }
      isFirst = false
      appendText(Array(key.utf8), to: &json)
      json.append(UInt8(ascii: ":"))
      switch part {
      case .column(let column): appendValue(fields[column], to: &json)
      case .object(let object): object.append(fields, to: &json)
      }
    }
    json.append(UInt8(ascii: "}"))
  }

  private func appendValue(_ field: CSVReader.Field, to json: inout [UInt8]) {
    let isBare =
      !field.isQuoted
      && (cjson_is_number(field.bytes, field.bytes.count) || field.bytes.elementsEqual("true".utf8)
        || field.bytes.elementsEqual("false".utf8))
    if isBare { json += field.bytes } else { appendText(field.bytes, to: &json) }
  }

  /// Bytes that are not UTF-8 stay as they are: whoever reads the record says so.
  private func appendText(_ bytes: [UInt8], to json: inout [UInt8]) {
    json.append(UInt8(ascii: "\""))
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): json += [UInt8(ascii: "\\"), byte]
      case 0x0A: json += "\\n".utf8
      case 0x0D: json += "\\r".utf8
      case 0x09: json += "\\t".utf8
      case 0..<0x20: json += "\\u00\(byte < 16 ? "0" : "1")\(String(byte % 16, radix: 16))".utf8
      default: json.append(byte)
      }
    }
    json.append(UInt8(ascii: "\""))
  }
}
