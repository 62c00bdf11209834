import JSON
public import Pipelines

/// What one field held in the records that were looked at.
public struct SurveyedField {
  public let path: FieldPath
  /// Numbers, of these whole ones, and their range.
  private(set) var numbers: Int64 = 0
  package private(set) var wholes: Int64 = 0
  package private(set) var lowest = Double.infinity
  package private(set) var highest = -Double.infinity
  private(set) var truths: Int64 = 0
  /// Texts; of these those that begin as a day of ISO 8601, spell a number, or hold five words and more.
  private(set) var texts: Int64 = 0
  private(set) var days: Int64 = 0
  private(set) var spelled: Int64 = 0
  private(set) var sentences: Int64 = 0
  /// Lists of texts and whole numbers, the longest of them, and lists of something else.
  private(set) var lists: Int64 = 0
  private(set) var longest = 0
  private(set) var otherLists: Int64 = 0
  /// How often it said the same as the label.
  var sameAsLabel: Int64 = 0
  /// Of up to `differentMax` values, so that `different` is exact below that.
  private var hashes: Set<Int> = []
  /// The first few different values, as a class would be named.
  private(set) var names: Set<String> = []

  static let differentMax = 20_000
  static let namesMax = 65
  /// Words for what is absent, where texts are read as what they spell.
  private static let absences: Set<String> = ["", "NA", "N/A", "null", "None"]

  init(path: FieldPath) { self.path = path }

  /// Values that are there and not null.
  package var values: Int64 { numbers + truths + texts + lists + otherLists }
  var different: Int { hashes.count }

  /// Takes up the value that comes next.
  ///
  /// - Returns: What tells it from others; nil: it is absent, or a list.
  mutating func take(_ scanner: inout JSONScanner) throws -> Int? {
    switch scanner.peek() {
    case UInt8(ascii: "n"):
      try scanner.null()
      return nil
    case UInt8(ascii: "t"), UInt8(ascii: "f"):
      let value = try scanner.boolean()
      truths += 1
      return note(Double(value ? 1 : 0), name: value ? "true" : "false")
    case UInt8(ascii: "["):
      try list(&scanner)
      return nil
    case UInt8(ascii: "\""):
      let text = try scanner.text(try scanner.string())
      texts += 1
      if Self.beginsAsDay(text) { days += 1 }
      if Double(text) != nil || Self.absences.contains(text) { spelled += 1 }
      if text.utf8.count(where: { $0 == 0x20 }) > 3 { sentences += 1 }
      return note(text, name: text)
    default:
      let number = try scanner.number()
      numbers += 1
      if number.value == number.value.rounded() { wholes += 1 }
      lowest = min(lowest, number.value)
      highest = max(highest, number.value)
      return note(number.value, name: number.integer.map(String.init) ?? String(number.value))
    }
  }

  private mutating func note(_ value: some Hashable, name: String) -> Int {
    let hash = value.hashValue
    if hashes.count < Self.differentMax { hashes.insert(hash) }
    if names.count < Self.namesMax, name.utf8.count <= 256 { names.insert(name) }
    return hash
  }

  private mutating func list(_ scanner: inout JSONScanner) throws {
    var count = 0
    var isOfNames = true
    try scanner.elements { scanner in
      count += 1
      switch scanner.peek() {
      case UInt8(ascii: "\""), UInt8(ascii: "n"): break
      case let byte? where JSONScanner.beginsNumber(byte): break
      default: isOfNames = false
      }
      try scanner.skip()
    }
    if isOfNames { lists += 1 } else { otherLists += 1 }
    longest = max(longest, count)
  }

  /// `2026-11-30`, and whatever follows.
  private static func beginsAsDay(_ text: String) -> Bool {
    let bytes = Array(text.utf8.prefix(11))
    guard bytes.count >= 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-") else { return false }
    guard bytes.count == 10 || bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: " ") else { return false }
    return [0, 1, 2, 3, 5, 6, 8, 9].allSatisfy { bytes[$0] &- 0x30 < 10 }
  }
}
