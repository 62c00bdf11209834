/// How a CSV file is to be read, where the file itself does not tell.
public struct CSVFormat: Sendable, Hashable {
  /// Between values; nil: what the header line has most of, among comma, semicolon, tab and `|`.
  public var separator: UInt8?
  /// What stands for a missing value, when not in quotes.
  public var missing: Set<String> = Self.missingWords
  /// Whether dots in a column's name are part of it, not steps of a path.
  public var isFlat = false
  /// Whether the fraction of a number begins with a comma.
  public var hasDecimalComma = false
  /// By the column's name; other columns are `value`.
  public var columns: [String: Column] = [:]

  /// What the values of a column are.
  public enum Column: Sendable, Hashable {
    /// Number, truth or text, as each looks.
    case value
    /// Text as it stands.
    case text
    /// One of a set of names: text; a whole number is spelled as one, unless the other spelling is among the known names.
    case category(known: Set<String>)
    /// A map: an object of JSON.
    case object
  }

  public init() {}

  /// As pandas, R, databases and spreadsheets write a value that is not there.
  public static let missingWords: Set<String> = [
    "NA", "N/A", "n/a", "<NA>", "#N/A", "#N/A N/A", "#NA", "NaN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN",
    "-1.#QNAN", "NULL", "null", "None", "NaT", "\\N",
  ]

  static let separators: [UInt8] = [
    UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t"), UInt8(ascii: "|"),
  ]

  /// The separator that a header line has most of outside quotes; a comma where it has none.
  static func separator(in header: UnsafeRawBufferPointer) -> UInt8 {
    var counts = [Int](repeating: 0, count: 256)
    var isQuoted = false
    for byte in header {
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() } else if !isQuoted { counts[Int(byte)] += 1 }
    }
    return separators.reduce(separators[0]) { counts[Int($1)] > counts[Int($0)] ? $1 : $0 }
  }

  static func name(of separator: UInt8) -> String {
    separator == UInt8(ascii: "\t") ? "tabs" : "'\(String(UnicodeScalar(separator)))'"
  }
}
