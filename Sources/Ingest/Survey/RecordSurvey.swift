import JSON
public import Pipelines

/// What the fields of some records hold, for whoever describes them for the first time.
///
/// Memory grows with fields and different values, both bounded. One thread at a time.
public struct RecordSurvey {
  /// More fields of a record are not looked at.
  static let fieldsMax = 10_000
  private static let depthMax = 16

  public private(set) var records: Int64 = 0
  /// In the order in which they were met.
  public private(set) var fields: [SurveyedField] = []
  private var places: [FieldPath: Int] = [:]
  /// Whose values others are compared with; nil: nobody's.
  private let label: FieldPath?
  /// Of the record in hand: field and value.
  private var seen: [(field: Int, value: Int)] = []

  /// - Parameter label: Where the label is, where it is known: a field that always says the same as it is found by that.
  public init(label: FieldPath? = nil) { self.label = label }

  /// Takes up one record.
  ///
  /// - Throws: `JSONError`: it is no JSON object. What came before the mistake has been counted, the record has not.
  public mutating func take(_ record: UnsafeRawBufferPointer) throws {
    seen.removeAll(keepingCapacity: true)
    var scanner = JSONScanner(record)
    try object(&scanner, under: [])
    try scanner.end()
    records += 1
    guard let label, let place = places[label], let value = seen.last(where: { $0.field == place })?.value else {
      return
    }
    for other in seen where other.value == value { fields[other.field].sameAsLabel += 1 }
  }

  private mutating func object(_ scanner: inout JSONScanner, under keys: [String]) throws {
    try scanner.members { scanner, key in
      let path = FieldPath(keys: keys + [key.text])
      guard let path, path.keys.count <= Self.depthMax else { return try scanner.skip() }
      if scanner.peek() == UInt8(ascii: "{") { return try object(&scanner, under: path.keys) }
      guard let place = place(of: path) else { return try scanner.skip() }
      if let value = try fields[place].take(&scanner) { seen.append((place, value)) }
    }
  }

  private mutating func place(of path: FieldPath) -> Int? {
    if let place = places[path] { return place }
    guard fields.count < Self.fieldsMax else { return nil }
    places[path] = fields.count
    fields.append(SurveyedField(path: path))
    return fields.count - 1
  }
}
