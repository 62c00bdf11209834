import Foundation
import Ingest
import Testing

/// The records of a CSV file as JSON, given in small pieces.
private func csv(_ text: String, _ format: CSVFormat = CSVFormat(), quotedBytesMax: Int = 1 << 20) throws -> [String] {
  try records(of: reader(text, format, quotedBytesMax: quotedBytesMax))
}

private func reader(_ text: String, _ format: CSVFormat = CSVFormat(), quotedBytesMax: Int = 1 << 20) -> CSVReader {
  reader(Array(text.utf8), format, quotedBytesMax: quotedBytesMax)
}

private func reader(_ bytes: [UInt8], _ format: CSVFormat = CSVFormat(), quotedBytesMax: Int = 1 << 20) -> CSVReader {
  var rest = bytes[...]
  let source = Decompressor {
    defer { rest = rest.dropFirst(7) }
    return Array(rest.prefix(7))
  }
  return CSVReader(source, format: format, quotedBytesMax: quotedBytesMax)
}

private func records(of reader: CSVReader) throws -> [String] {
  var records: [String] = []
  while let record = try reader.next() { records.append(String(decoding: record, as: UTF8.self)) }
  return records
}

@Suite("CSV files")
struct CSVReaderTests {
  @Test("records become JSON objects, nested by dotted names")
  func nested() throws {
    #expect(
      try csv("id,x.a,y,x.b.c\n1,2.5,true,abc\r\n\n\"1\",-3e5,\"false\",\"say \"\"hi\"\", twice\"\n") == [
        #"{"id":1,"x":{"a":2.5,"b":{"c":"abc"}},"y":true}"#,
        #"{"id":"1","x":{"a":-300000,"b":{"c":"say \"hi\", twice"}},"y":"false"}"#,
      ])
    #expect(try csv("a\n\"two\nlines\\\t\"\n") == [#"{"a":"two\nlines\\\t"}"#])
    #expect(try csv("x\\.a,x.b\n1,2") == [#"{"x.a":1,"x":{"b":2}}"#])
    #expect(try csv("a,b\n") == [])
    #expect(try csv("") == [])
  }

  @Test(
    "one value becomes one of JSON, by one rule",
    arguments: [
      ("1.5", "1.5"), ("-3", "-3"), ("1.0", "1"), ("-0.0", "0"), ("1.10", "1.10"), ("+5", "5"), (".5", "0.5"),
      ("-.5", "-0.5"),
      ("5.", "5"), ("1e5", "100000"), ("1E+05", "100000"), ("1e-3", "1e-3"), ("2.5e3", "2500"), ("1e400", "1e400"),
      (" 5", "5"), ("5 ", "5"), ("\t5", "5"), ("12345678901234567890", "12345678901234567890"), ("0", "0"),
      ("0.10", "0.10"),
      ("007", #""007""#), ("1,5", #""1,5""#), ("2013-01-01", #""2013-01-01""#), ("1-2", #""1-2""#), ("-", #""-""#),
      (".", #"".""#), ("e5", #""e5""#), ("1e", #""1e""#), ("0x1F", #""0x1F""#), ("inf", #""inf""#),
      ("1_000", #""1_000""#),
      ("true", "true"), ("True", "true"), ("TRUE", "true"), ("false", "false"), ("False", "false"), ("FALSE", "false"),
      ("tRUE", #""tRUE""#), ("T", #""T""#), ("\"3.5\"", #""3.5""#), ("\"NA\"", #""NA""#), ("\"\"", #""""#),
      (" \"q\" ", #""q""#), ("5\" disk", #""5\" disk""#), ("a b", #""a b""#),
    ])
  func value(text: String, json: String) throws {
    #expect(try csv("v;w\n\(text);1\n") == [#"{"v":\#(json),"w":1}"#])
  }

  @Test(
    "what stands for a missing value is absent",
    arguments: ["", " ", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "\\N"])
  func missing(word: String) throws {
    #expect(try csv("v,w\n\(word),1\n") == [#"{"w":1}"#])
  }

  @Test("the words for missing, the separator, the comma of a fraction and flat names can be said")
  func settings() throws {
    var format = CSVFormat()
    format.missing = ["-999", "?"]
    #expect(try csv("a,b,c\n-999,?,NA\n", format) == [#"{"c":"NA"}"#])
    format = CSVFormat()
    format.separator = UInt8(ascii: ":")
    #expect(try csv("a:b\n1:2,5\n", format) == [#"{"a":1,"b":"2,5"}"#])
    format.hasDecimalComma = true
    #expect(try csv("a:b\n1:2,5\n", format) == [#"{"a":1,"b":2.5}"#])
    format = CSVFormat()
    format.isFlat = true
    #expect(try csv("a,a.1\n1,2\n", format) == [#"{"a":1,"a.1":2}"#])
  }

  @Test("columns of categories are text; a whole number is the same category however it is spelled")
  func categories() throws {
    var format = CSVFormat()
    format.columns = ["c": .category(known: ["1.0", "NA"]), "d": .category(known: []), "t": .text]
    let text = "c,d,t\n1.0,1.0,1.0\nNA,NA,NA\n2.0,True,007\n,,\n"
    #expect(
      try csv(text, format) == [
        #"{"c":"1.0","d":"1","t":"1.0"}"#, #"{"c":"NA","t":"NA"}"#, #"{"c":"2","d":"True","t":"007"}"#, "{}",
      ])
  }

  @Test(
    "the separator is what the header has most of, or what the line before it says",
    arguments: [
      "a;b\n1;p\n", "a\tb\n1\tp\n", "a|b\n1|p\n", "a,b\n1,p\n", "sep=;\na;b\n1;p\n", "sep=|\r\na|b\r\n1|p\r\n",
      "\u{FEFF}a,b\n1,p", " a , b \n1,p\n", "\"a\",\"b\"\n1,p\n", "# made, by a, tool\n\na,b\n1,p\n",
      "a,b\n# a comment in between\n1,p\n\n", ",a,b\n0,1,p\n", "a,b,\n1,p,\n",
    ])
  func shapes(text: String) throws {
    #expect(try csv(text) == [#"{"a":1,"b":"p"}"#])
  }

  @Test("what is left out of a file is told")
  func notes() throws {
    let index = reader(",a\n0,1\n")
    #expect(try records(of: index).count == 1)
    #expect(index.notes.count == 1 && index.notes[0].contains("index"))
    let numbers = reader("1.5,p\n2.5,q\n")
    #expect(try records(of: numbers).count == 1)
    #expect(numbers.notes.contains { $0.contains("numbers for names") })
    let comments = reader("#\na,b\n\n#x\n1,2\n")
    #expect(try records(of: comments).count == 1)
    #expect(comments.commentLines == 2 && comments.blankLines == 1)
  }

  @Test(
    "what does not fit is an error with its line",
    arguments: [
      ("a,b\n1,2\n3\n", IngestError.Code.badLine, 3, "2 columns"), ("a,b\n1,2,3\n", .badLine, 2, "needs quotes"),
      ("a\n\"open", .badLine, 2, "never closed"), ("a\n\"x\"y\n", .badLine, 2, "behind a closing quote"),
      ("a,b\n\"x\n1,y\"z\n", .badLine, 2, "line 3"), ("a,a\n", .badHeader, 1, "both named `a`"),
      ("a,a.1\n", .badHeader, 1, "pandas"), ("a.b,a\n", .badHeader, 1, "cannot both be there"),
      ("a..b\n", .badHeader, 1, "no dotted path"), (",,\n", .badHeader, 1, "names no column"),
      ("a\n1\0\n", .badLine, 2, "NUL"), ("a,b\n1,2,\"x\ny\"\n", .badLine, 2, "closed on line 3"),
      // The line behind a header that cannot be read is no header.
      ("a,\"b\n1,2\n", .badHeader, 1, "never closed"), ("a\0,b\n1,2\n", .badHeader, 1, "NUL"),
      ("#a,b\n1,2\n", .badHeader, 1, "take the # away"),
    ])
  func bad(text: String, code: IngestError.Code, line: Int, words: String) {
    let error = #expect(throws: IngestError.self) { try csv(text) }
    #expect(error?.code == code)
    #expect(error?.line == line)
    #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
  }

  @Test("Latin-1 is named, with the column")
  func latin1() {
    let error = #expect(throws: IngestError.self) {
      try records(of: reader(Array("a,b\n1,caf".utf8) + [0xE9] + Array(",1\n".utf8)))
    }
    #expect(error?.line == 2)
    #expect(error?.reason.contains("column 6") == true && error?.reason.contains("Latin-1") == true)
  }

  @Test("behind a bad line the next one is read, also where a quote was never closed")
  func goesOn() throws {
    let rows = (0..<20).map { "\($0),q" }.joined(separator: "\n")
    let reader = reader("a,c\n1,p\n2,\"open\n\(rows)\n3\n4,r\n", quotedBytesMax: 60)
    let (good, bad) = try skimmed(reader)
    #expect(bad == [3, 24])
    #expect(good.count == 22)
    #expect(good.first == #"{"a":1,"c":"p"}"# && good.last == #"{"a":4,"c":"r"}"#)
  }

  /// All records, and the lines that are none.
  private func skimmed(_ reader: CSVReader) throws -> (good: [String], bad: [Int]) {
    var (good, bad): ([String], [Int]) = ([], [])
    while true {
      do {
        guard let record = try reader.next() else { return (good, bad) }
        good.append(String(decoding: record, as: UTF8.self))
      } catch let error as IngestError where error.isOfOneLine {
        bad.append(error.line ?? 0)
      }
    }
  }

  @Test(
    "a stray quote takes no line behind it along, whatever ends the search for its end",
    arguments: [Array("5,x\0".utf8), [0x35, 0x2C, 0xE9], Array("5,\(String(repeating: "x", count: 60))".utf8)])
  func strayQuote(last: [UInt8]) throws {
    let rows = (0..<20).map { "\($0),q\n" }.joined()
    var rest = (Array("a,c\n1,p\n2,\"open\n\(rows)".utf8) + last + Array("\n4,r\n".utf8))[...]
    let reader = CSVReader(
      Decompressor {
        defer { rest = rest.dropFirst(7) }
        return Array(rest.prefix(7))
      }, lineBytesMax: 50)
    let (good, bad) = try skimmed(reader)
    #expect(bad == [3, 24])
    #expect(good.count == 22)
    #expect(good.first == #"{"a":1,"c":"p"}"# && good.last == #"{"a":4,"c":"r"}"#)
  }

  @Test("a comment is one line, whatever quotes it holds")
  func quoteInComment() throws {
    let reader = reader("a,b,c\n#x,\"y\n1,2,3\n4,5,6\"\n")
    #expect(try records(of: reader) == [#"{"a":1,"b":2,"c":3}"#, #"{"a":4,"b":5,"c":"6\""}"#])
    #expect(reader.commentLines == 1)
  }

  @Test("a quote that is never closed takes bounded memory and names its line")
  func openQuote() {
    let text = "a,c\n1,p\n2,\"open\n" + String(repeating: "3,q\n", count: 100_000)
    let error = #expect(throws: IngestError.self) { try csv(text, quotedBytesMax: 1000) }
    #expect(error?.line == 3)
  }

  @Test("a hundred thousand columns take time in proportion", .timeLimit(.minutes(1)))
  func wide() throws {
    let count = 100_000
    let header = (0..<count).map { "x.c\($0)" }.joined(separator: ",")
    let row = (0..<count).map(String.init).joined(separator: ",")
    var rest = Array("\(header)\n\(row)\n".utf8)[...]
    let reader = CSVReader(
      Decompressor {
        defer { rest = rest.dropFirst(1 << 18) }
        return Array(rest.prefix(1 << 18))
      })
    let record = try reader.next()
    #expect(record?.count ?? 0 > count * 8)
    #expect(try reader.next() == nil)
  }
}
