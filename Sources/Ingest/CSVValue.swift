import JSON

/// The rule by which a value of a CSV file, which has no types, becomes JSON.
///
/// In quotes it is text. Else spaces around it do not count; nothing at all, or a word for missing, is absent; true and
/// false in any of the three usual cases are truths; what is a number to people is a number, and a whole one is spelled
/// as one however the file spells it (`1.0`, `1e3`, `+5`), so that it is the same category everywhere; the rest is text. A
/// number with leading zeros is text: it is a code, and would lose them.
struct CSVValue {
  private let missing: [[UInt8]]
  private let missingMax: Int
  /// Whether a word for missing begins with the byte.
  private var mayBeMissing = [Bool](repeating: false, count: 256)
  private let point: UInt8

  init(_ format: CSVFormat) {
    missing = format.missing.map { Array($0.utf8) }
    missingMax = missing.map(\.count).max() ?? 0
    for word in missing { if let first = word.first { mayBeMissing[Int(first)] = true } }
    point = format.hasDecimalComma ? UInt8(ascii: ",") : UInt8(ascii: ".")
  }

  /// Whether a value without quotes is none.
  func isMissing(_ bytes: ArraySlice<UInt8>, in column: CSVFormat.Column) -> Bool {
    guard let first = bytes.first else { return true }
    guard mayBeMissing[Int(first)], bytes.count <= missingMax, missing.contains(where: { $0.elementsEqual(bytes) })
    else {
      return false
    }
    switch column {
    case .value: return true
    case .text: return false
    case .object: return true
    case .category(let known): return !known.contains(String(decoding: bytes, as: UTF8.self))
    }
  }

  /// A value that is not missing.
  func append(_ bytes: ArraySlice<UInt8>, isQuoted: Bool, as column: CSVFormat.Column, to json: inout [UInt8]) {
    switch column {
    case .value:
      if isQuoted { return JSONText.append(bytes.span, to: &json) }
      if let truth = Self.truth(bytes) { return json += truth }
      if !appendNumber(bytes, to: &json) { JSONText.append(bytes.span, to: &json) }
    case .text: JSONText.append(bytes.span, to: &json)
    case .object:
      // What is none is text, which the reader of the record refuses by name.
      let isObject = bytes.first == UInt8(ascii: "{") && bytes.withUnsafeBytes { JSONFault.find(in: $0) == nil }
      if isObject { json += bytes } else { JSONText.append(bytes.span, to: &json) }
    case .category(let known):
      var number: [UInt8] = []
      if !isQuoted, !known.contains(String(decoding: bytes, as: UTF8.self)), appendNumber(bytes, to: &number) {
        JSONText.append(number.span, to: &json)
      } else {
        JSONText.append(bytes.span, to: &json)
      }
    }
  }

  private static let truths: [(spellings: [[UInt8]], json: [UInt8])] = ["true", "false"].map { word in
    let capital = word.prefix(1).uppercased() + word.dropFirst()
    return ([word, capital, word.uppercased()].map { Array($0.utf8) }, Array(word.utf8))
  }

  private static func truth(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
    guard bytes.count == 4 || bytes.count == 5, let last = bytes.last, last | 0x20 == UInt8(ascii: "e") else {
      return nil
    }
    return truths.first { $0.spellings.contains { $0.elementsEqual(bytes) } }?.json
  }

  /// Appends the number that `bytes` spell as JSON spells it; false: they spell none.
  private func appendNumber(_ bytes: ArraySlice<UInt8>, to json: inout [UInt8]) -> Bool {
    guard let last = bytes.last, bytes.count <= 256, last <= UInt8(ascii: "9") else { return false }
    var rest = bytes
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
    let whole = rest.prefix(while: Self.isDigit)
    rest = rest.dropFirst(whole.count)
    guard whole.count < 2 || whole.first != UInt8(ascii: "0") else { return false }
    var fraction = rest.prefix(0)
    if rest.first == point {
      fraction = rest.dropFirst().prefix(while: Self.isDigit)
      rest = rest.dropFirst(fraction.count + 1)
    }
    guard !whole.isEmpty || !fraction.isEmpty else { return false }
    var exponent = rest.prefix(0)
    if let mark = rest.first, mark | 0x20 == UInt8(ascii: "e") {
      exponent = rest.dropFirst()
      let digits =
        exponent.first == UInt8(ascii: "-") || exponent.first == UInt8(ascii: "+") ? exponent.dropFirst() : exponent
      guard !digits.isEmpty, digits.allSatisfy(Self.isDigit) else { return false }
      rest = []
    }
    guard rest.isEmpty else { return false }
    let isZero = whole.allSatisfy { $0 == UInt8(ascii: "0") }
    if fraction.allSatisfy({ $0 == UInt8(ascii: "0") }), exponent.isEmpty {
      if isNegative, !isZero { json.append(UInt8(ascii: "-")) }
      json += whole.isEmpty ? [UInt8(ascii: "0")] : Array(whole)
      return true
    }
    let start = json.count
    if isNegative { json.append(UInt8(ascii: "-")) }
    json += whole.isEmpty ? [UInt8(ascii: "0")] : Array(whole)
    if !fraction.isEmpty {
      json.append(UInt8(ascii: "."))
      json += fraction
    }
    guard !exponent.isEmpty else { return true }
    json.append(UInt8(ascii: "e"))
    json += exponent
    // Exact up to here, so that nothing is lost by the other spelling.
    if let value = Double(String(decoding: json[start...], as: UTF8.self)), value == value.rounded(), abs(value) < 1e15
    {
      json.removeSubrange(start...)
      json += String(Int64(value)).utf8
    }
    return true
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}
