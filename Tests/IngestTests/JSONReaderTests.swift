import Ingest
import Testing

private func reader(_ bytes: [UInt8], isSure: Bool = true, isStrict: Bool = false, pieceSize: Int = 5) -> JSONReader {
  var rest = bytes[...]
  let source = Decompressor {
    defer { rest = rest.dropFirst(pieceSize) }
    return Array(rest.prefix(pieceSize))
  }
  return JSONReader(source, isSure: isSure, isStrict: isStrict)
}

private func records(_ reader: JSONReader) throws -> [String] {
  var records: [String] = []
  while let record = try reader.withNext({ bytes, _ in String(decoding: bytes, as: UTF8.self) }) {
    records.append(record)
  }
  return records
}

@Suite("Files of JSON objects")
struct JSONReaderTests {
  private static let three = [#"{"a":1,"b":"x, y"}"#, #"{"a":2,"b":"}{["}"#, #"{"a":[3,{"c":"\""}]}"#]

  private static let shapesOfThree: [String] = {
    let lines = three.joined(separator: "\n")
    let commas = three.joined(separator: ",\n")
    let sequence = three.map { "\u{1E}" + $0 + "\n" }.joined()
    let pretty = three.map { $0.replacing(":", with: ":\n ").replacing("{\"", with: "{\n\"") }
    return [
      lines + "\n", lines, three.joined(separator: "\r\n") + "\r\n", "\u{FEFF}" + lines, sequence, commas + "\n",
      "[" + three.joined(separator: ",") + "]", "[\n" + commas + "\n]\n", "\n\n" + three.joined(separator: "\n\n"),
      pretty.joined(separator: "\n"),
    ]
  }()

  @Test(
    "whatever way objects stand in a file, each is one record",
    arguments: shapesOfThree)
  func shapes(text: String) throws {
    for pieceSize in [1, 5, 1 << 16] {
      #expect(try records(reader(Array(text.utf8), pieceSize: pieceSize)) == Self.three)
    }
  }

  @Test("an object over several lines is one record, and an empty array is none")
  func pretty() throws {
    #expect(try records(reader(Array("{\n  \"a\": 1,\n  \"b\": \"x  y\"\n}\n".utf8))) == [#"{"a":1,"b":"x  y"}"#])
    #expect(try records(reader(Array("[]".utf8))).isEmpty)
    #expect(try records(reader([])).isEmpty)
  }

  @Test("a line that is no object is given as it is and counted, or an error where that is asked for")
  func oddities() throws {
    let text = Array("{\"a\":1}\n{\"a\":2\n[1,2]\n{\"a\":\"".utf8) + [0xE9] + Array("\"}\n{\"a\":5}\n".utf8)
    let lenient = reader(text)
    #expect(try records(lenient).count == 5)
    #expect(lenient.oddities.map(\.count) == [2, 1])
    #expect(lenient.oddities.map(\.firstLine) == [2, 4])
    let strict = reader(text, isStrict: true)
    var (good, bad): (Int, [Int]) = (0, [])
    while true {
      do {
        guard try strict.withNext({ _, _ in }) != nil else { break }
        good += 1
      } catch let error as IngestError where error.isOfOneLine {
        bad.append(error.line ?? 0)
      }
    }
    #expect(good == 2 && bad == [2, 3, 4])
  }

  @Test("an array that breaks off, or holds something else, is told with its line")
  func brokenArray() throws {
    let cut = #expect(throws: IngestError.self) { try records(reader(Array("[{\"a\":1},\n{\"a\":".utf8))) }
    #expect(cut?.line == 2 && cut?.reason.contains("never ends") == true)
    let mixed = #expect(throws: IngestError.self) { try records(reader(Array("[{\"a\":1},\n5,\n{\"a\":2}]".utf8))) }
    #expect(mixed?.line == 2 && mixed?.isOfOneLine == true)
  }

  @Test(
    "a file that was only guessed to be JSON and looks like CSV is refused with what to do",
    arguments: ["a,b\n1,2", "\"a\";\"b\"\n"])
  func looksLikeCSV(text: String) {
    let error = #expect(throws: IngestError.self) { try records(reader(Array(text.utf8), isSure: false)) }
    #expect(error?.code == .wrongFormat && error?.reason.contains("--format csv") == true)
    #expect(throws: Never.self) { try records(reader(Array(text.utf8))) }
  }
}
