import CJSON
import Pipelines
import Vocabulary

/// The columns of one category: one a value, and as many behind them for the high halves of hashes.
struct CategoryPlace {
  let first, slots: Int
  let givesHashes: Bool
  var end: Int { first + (givesHashes ? 2 : 1) * slots }
}

/// A schema as the shim wants it: one entry for each declared place.
struct FieldTable {
  private(set) var fields: [cjson_field] = []
  private(set) var paths: [String] = []
  private(set) var values: [[String]] = []
  private(set) var parts: [[TimePart]] = []
  private(set) var zones: [TimeZoneTable?] = []
  private(set) var members: [[cjson_member]] = []
  private(set) var names: [String] = []
  private(set) var numberFields: [Int32] = []
  private(set) var categoryFields: [Int32] = []
  /// Where each category lies, in columns.
  private(set) var categoryPlaces: [CategoryPlace] = []
  /// Of categories, and of parts of times.
  private(set) var categoryColumns = 0
  /// Maps and texts.
  private(set) var bagFields: [Int32] = []
  /// The field of the first label, where its classes are found.
  private(set) var findingField: Int32?
  private let schema: FeatureSchema
  private let strangers: Int
  private let crossMembers: [String: CrossMember]
  /// Whether the pipeline names the unit of the times.
  var hasUnit: [Bool] { fields.map { $0.unit != Int32(CJSON_UNIT_AUTO) } }
  var areTimes: [Bool] { fields.map { $0.kind == Int32(CJSON_TIMESTAMP) } }
  var origins: [Double] { fields.map(\.origin) }

  /// - Parameters:
  ///   - heads: Whose labels are read, in the order of the labels.
  ///   - strangers: So many names are found of a label that finds its classes.
  init(schema: FeatureSchema, heads: [HeadSettings], purpose: RecordDecoder.Purpose, strangers: Int) {
    self.schema = schema
    self.strangers = strangers
    crossMembers = schema.features.contains { $0.type == .cross } ? schema.crossMembers : [:]
    for feature in schema.features { add(feature) }
    guard purpose == .learning else { return }
    for (column, head) in heads.enumerated() { add(head, column: column) }
    if let path = schema.eventTime { add(place: path, kind: Int32(CJSON_EVENT_TIME)) }
    if let path = schema.labelTime { add(place: path, kind: Int32(CJSON_LABEL_TIME)) }
    if let path = schema.weight { add(place: path, kind: Int32(CJSON_WEIGHT)) }
  }

  private mutating func add(_ feature: FeatureSettings) {
    var field = cjson_field()
    let kind =
      switch feature.type {
      case .float: CJSON_NUMBER
      case .bool: CJSON_BOOLEAN
      case .timestamp: CJSON_TIMESTAMP
      case .category: CJSON_CATEGORY
      case .map: CJSON_MAP
      case .text: CJSON_TEXT
      case .cross: CJSON_CROSS
      }
    field.kind = Int32(kind)
    switch feature.missing {
    case .impute: field.missing = Int32(CJSON_MISSING_IMPUTE)
    case .reject: field.missing = Int32(CJSON_MISSING_REJECT)
    case .value(let value):
      field.missing = Int32(CJSON_MISSING_VALUE)
      field.missing_value = value
    }
    let unknown =
      switch feature.unknown {
      case .hash: CJSON_UNKNOWN_HASH
      case .missing: CJSON_UNKNOWN_MISSING
      case .reject: CJSON_UNKNOWN_REJECT
      }
    field.unknown = Int32(unknown)
    set(&field, range: feature.clip, feature.outOfRange)
    field.coerces = feature.coerce ?? schema.coerce
    field.unit = (feature.unit ?? schema.timeUnit).code
    field.origin = feature.originInForce
    let index = Int32(fields.count)
    if feature.type.isCategorical {
      field.column = Int32(categoryColumns)
      field.slots = UInt32(feature.valuesMax)
      field.gives_hashes = feature.ownRows > 0
      let place = CategoryPlace(first: categoryColumns, slots: feature.valuesMax, givesHashes: feature.ownRows > 0)
      categoryColumns = place.end
      if feature.type == .category {
        categoryPlaces.append(place)
        categoryFields.append(index)
      }
      // One row for missing values, one for each known value, and one at least for the unknown ones that are hashed.
      let rows = feature.values.count + (feature.values.isEmpty || feature.unknown == .hash ? 2 : 1)
      precondition(feature.buckets >= rows, "\(feature.name) needs \(rows) buckets and has \(feature.buckets)")
      field.buckets = UInt32(feature.buckets)
    } else if feature.isSparse {
      field.column = Int32(bagFields.count)
      bagFields.append(index)
      field.buckets = UInt32(feature.buckets)
      field.slots = UInt32(feature.pairsMax)
      field.norm = Int32(feature.norm.code)
      field.ngrams = UInt32(feature.ngrams)
    } else {
      field.column = Int32(numberFields.count)
      numberFields.append(index)
      field.part_column = Int32(categoryColumns)
      categoryColumns += feature.parts.count
    }
    append(
      field, path: feature.path, name: feature.name, values: feature.values, parts: feature.parts,
      zone: feature.parts.isEmpty ? nil : TimeZoneTable(named: feature.timeZone), members: members(of: feature))
  }

  /// Features come first, so that their places are those of the fields.
  private func members(of feature: FeatureSettings) -> [cjson_member] {
    guard feature.type == .cross else { return [] }
    let members = feature.of.compactMap { crossMembers[$0] }
    precondition(
      members.count == feature.of.count && (2...Int(CJSON_MEMBERS_MAX)).contains(members.count),
      "the cross \(feature.name) is of \(feature.of)")
    return members.map { cjson_member(field: Int32($0.feature), part: Int32($0.part ?? 0)) }
  }

  private mutating func add(_ head: HeadSettings, column: Int) {
    var field = cjson_field()
    let kind =
      switch head.task {
      case .binary where head.label.classes.isEmpty: CJSON_LABEL_BINARY
      case .binary: CJSON_LABEL_CLASS
      case .multiclass: CJSON_LABEL_CLASS
      case .regression: CJSON_LABEL_VALUE
      }
    field.kind = Int32(kind)
    field.column = Int32(column)
    field.coerces = schema.coerce
    field.is_count = head.effectiveLoss.kind == .poisson
    set(&field, range: head.label.clip, head.label.outOfRange)
    if head.label.findsClasses {
      // Numbered as they come: which of the model's classes one is, is the group's to say.
      field.found_max = UInt32(clamping: min(strangers, Self.strangersMax))
      findingField = Int32(fields.count)
    }
    append(
      field, path: head.label.path, name: head.label.path, values: head.label.findsClasses ? [] : head.label.classes)
  }

  /// Their numbers travel as 32-bit floats.
  private static let strangersMax = 1 << 24

  private func set(_ field: inout cjson_field, range: ClosedRange<Double>?, _ outside: FeatureSettings.OutOfRange) {
    guard let range else { return }
    field.has_range = true
    (field.low, field.high) = (range.lowerBound, range.upperBound)
    field.rejects_out_of_range = outside == .reject
  }

  private mutating func add(place path: String, kind: Int32) {
    var field = cjson_field()
    field.kind = kind
    field.unit = schema.timeUnit.code
    field.coerces = schema.coerce
    (field.low, field.high) = (0, FeatureSchema.weightMax)
    append(field, path: path, name: path, values: [])
  }

  private mutating func append(
    _ field: cjson_field, path: String, name: String, values: [String], parts: [TimePart] = [],
    zone: TimeZoneTable? = nil, members: [cjson_member] = []
  ) {
    self.parts.append(parts)
    self.members.append(members)
    zones.append(zone)
    fields.append(field)
    let keys = FieldPath(path)?.keys ?? [path]
    paths.append(keys.map(TextEncoding.normalForm).joined(separator: Self.separator))
    names.append(name)
    self.values.append(values.map(TextEncoding.normalForm))
  }

  private static let separator = String(UnicodeScalar(UInt8(CJSON_SEPARATOR)))
}
