/// The slices that versions are compared on besides all records: of each field the values that the lineage met first, and one more
/// for all that came later.
///
/// Values are met in the order of the records, by partition and offset, so the table is the same on every rank and for any
/// number of them.
public struct SliceTable: Sendable, Hashable, Codable {
  /// Values of a field that are slices of their own.
  public static let valuesMax = 64
  /// The place of all others.
  public static let rest = UInt8(valuesMax)
  /// Slices of a field.
  public static let placesPerField = valuesMax + 1
  public static let fieldsMax = 4
  /// What stands for a value that the table does not know yet.
  public static let unmet = UInt8.max
  /// Bytes of a value's name.
  public static let nameBytesMax = 256

  /// One field and its values, by place.
  public struct Field: Sendable, Hashable, Codable {
    public let name: String
    /// How its values become keys: with another one its keys mean something else.
    public let reading: UInt64
    public private(set) var keys: [UInt64] = []
    public private(set) var names: [String] = []

    public init(name: String, reading: UInt64) { (self.name, self.reading) = (name, reading) }

    public var isFull: Bool { keys.count >= SliceTable.valuesMax }

    /// `unmet` while there is room for the value, `rest` once there is none.
    public func place(of key: UInt64) -> UInt8 {
      if let place = keys.firstIndex(of: key) { return UInt8(place) }
      return isFull ? SliceTable.rest : SliceTable.unmet
    }

    fileprivate mutating func meet(_ key: UInt64, named name: String) -> UInt8 {
      let place = place(of: key)
      guard place == SliceTable.unmet else { return place }
      keys.append(key)
      names.append(name)
      return UInt8(keys.count - 1)
    }

    var isSound: Bool { keys.count == names.count && keys.count <= SliceTable.valuesMax }
  }

  public private(set) var fields: [Field] = []

  public init() {}

  /// Takes up a value; one that is known, or comes when there is no room, changes nothing.
  ///
  /// - Returns: Its place.
  public mutating func meet(_ key: UInt64, named name: String, of field: Int) -> UInt8 {
    fields[field].meet(key, named: name)
  }

  /// As a person reads it: `carrier=UA`.
  public func name(of field: Int, place: Int) -> String {
    let names = fields[field].names
    return "\(fields[field].name)=" + (names.indices.contains(place) ? names[place] : "(all others)")
  }

  /// The table of these fields: of those that were there, read the same way, with what was met.
  ///
  /// - Returns: By new field, where it was; nil: it is new.
  mutating func align(_ wanted: [Field]) -> [Int?] {
    let before = fields
    let origins = wanted.map { field in
      before.firstIndex { $0.name == field.name && $0.reading == field.reading }
    }
    fields = zip(wanted, origins).map { field, origin in origin.map { before[$0] } ?? field }
    return origins
  }

  /// - Throws: For a table that no program has written.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    fields = try container.decode([Field].self, forKey: .fields)
    guard fields.count <= Self.fieldsMax, fields.allSatisfy(\.isSound) else {
      throw DecodingError.dataCorruptedError(
        forKey: .fields, in: container, debugDescription: "a table of slices that there cannot be")
    }
  }
}
