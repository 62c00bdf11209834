import JSON
import Testing

@Suite("JSON that is read")
struct JSONWalkTests {
  private func scan<Result>(_ text: String, _ body: (inout JSONScanner) throws -> Result) rethrows -> Result {
    try Array(text.utf8).withUnsafeBytes { bytes in
      var scanner = JSONScanner(bytes)
      return try body(&scanner)
    }
  }

  /// Passes the whole text as one value.
  private func check(_ text: String) throws {
    try scan(text) {
      try $0.skip()
      try $0.end()
    }
  }

  @Test(
    "what is JSON is passed to its end",
    arguments: [
      "null", " true ", "[]", "{}", "[1,[2,{\"a\":[]}]]",
      #"{"a":"\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t","b":{"c":-0.5e+3}}"#,
      String(repeating: "[", count: 32 - 1) + "1" + String(repeating: "]", count: 32 - 1),
    ])
  func passes(text: String) throws { try check(text) }

  @Test(
    "what is not says what is wrong, and where",
    arguments: [
      ("", "a value expected", 0), ("[1,]", "a value expected", 3), ("[1 2]", "“]” expected", 3),
      (#"{"a" 1}"#, "“:” expected", 5), (#"{"a":1,}"#, "“\"” expected", 7), ("[1] x", "the end expected", 4),
      (#"["a"#, "a string without an end", 2), (#"["\x"]"#, "an unknown escape", 2),
      (#"["\ud800"]"#, "half a surrogate pair", 2), (#"["\u12"]"#, "an escape without its four digits", 2),
      ("[\"\t\"]", "a control character in a string", 2), ("[01]", "a value expected", 1),
      ("[NaN]", "“NaN” is not JSON (an absent value is null)", 1),
      (String(repeating: "[", count: 33), "more than 32 levels of nesting", 32),
    ])
  func faults(text: String, what: String, offset: Int) {
    let error = #expect(throws: JSONError.self) { try check(text) }
    #expect(error == JSONError(what: what, offset: offset))
  }

  @Test(
    "a member is entered by its name, however it is escaped and whatever stands before it",
    arguments: [
      (#"{"a":1}"#, "1"), (#"{"b":"a\"}","c":{"a":2},"d":[{"a":3}],"a" : [4, 5]}"#, "[4, 5]"),
      (#"{"\u0061":"x,}"}"#, #""x,}""#), (#"{"b":not json,"a":-6 }"#, "-6 "), (#"{"a":1,"a":2}"#, "1"),
      (#"{"b":1}"#, nil), ("{}", nil),
    ])
  func members(text: String, value: String?) throws {
    let found = try scan(text) { scanner -> String? in
      guard try scanner.enter(member: "a") else { return nil }
      return String(decoding: scanner.bytes[try scanner.pass()], as: UTF8.self)
    }
    #expect(found == value)
  }

  @Test("what has no members is not entered")
  func strangers() {
    for text in ["", "[1]", "1", #"{"a"}"#, #"{a:1}"#, #"{"b":"x"#] {
      #expect(throws: JSONError.self) { try scan(text) { try $0.enter(member: "a") } }
    }
  }
}
