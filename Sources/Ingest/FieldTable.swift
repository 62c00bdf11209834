import CJSON
import Pipelines
import Vocabulary

/// A schema as the shim wants it: one entry for each declared place.
struct FieldTable {
  private var fields: [cjson_field] = []
  private var paths: [String] = []
  private var values: [[String]] = []
  private(set) var names: [String] = []
  private(set) var numberFields: [Int32] = []
  private(set) var categoryFields: [Int32] = []
  /// First column of each category, of which a list has several.
  private(set) var categorySlots: [Int] = []
  private(set) var categoryColumns = 0
  private let schema: FeatureSchema
  /// Whether the pipeline names the unit of the times.
  var hasUnit: [Bool] { fields.map { $0.unit != Int32(CJSON_UNIT_AUTO) } }

  /// - Parameter heads: Whose labels are read, in the order of the labels.
  init(schema: FeatureSchema, heads: [HeadSettings], purpose: RecordDecoder.Purpose) {
    self.schema = schema
    for feature in schema.features { add(feature) }
    guard purpose == .learning else { return }
    for (column, head) in heads.enumerated() { add(head, column: column) }
    if let path = schema.eventTime { add(place: path, kind: Int32(CJSON_EVENT_TIME)) }
    if let path = schema.labelTime { add(place: path, kind: Int32(CJSON_LABEL_TIME)) }
  }

  private mutating func add(_ feature: FeatureSettings) {
    var field = cjson_field()
    let kind =
      switch feature.type {
      case .float: CJSON_NUMBER
      case .bool: CJSON_BOOLEAN
      case .timestamp: CJSON_TIMESTAMP
      case .category: CJSON_CATEGORY
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
    if let clip = feature.clip {
      field.has_range = true
      (field.low, field.high) = (clip.lowerBound, clip.upperBound)
      field.rejects_out_of_range = feature.outOfRange == .reject
    }
    field.coerces = feature.coerce ?? schema.coerce
    field.unit = Int32((feature.unit ?? schema.timeUnit).code)
    field.origin = feature.origin ?? 0
    let index = Int32(fields.count)
    if feature.type == .category {
      field.column = Int32(categoryColumns)
      field.slots = UInt32(feature.valuesMax)
      categorySlots.append(categoryColumns)
      categoryColumns += feature.valuesMax
      categoryFields.append(index)
      // One row for missing values, one for each known value, and one at least for the unknown ones that are hashed.
      let rows = feature.values.count + (feature.values.isEmpty || feature.unknown == .hash ? 2 : 1)
      precondition(feature.buckets >= rows, "\(feature.name) needs \(rows) buckets and has \(feature.buckets)")
      field.buckets = UInt32(feature.buckets)
    } else {
      field.column = Int32(numberFields.count)
      numberFields.append(index)
    }
    append(field, path: feature.path, name: feature.name, values: feature.values)
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
    // A count is not negative.
    field.has_range = head.effectiveLoss.kind == .poisson
    append(field, path: head.label.path, name: head.label.path, values: head.label.classes)
  }

  private mutating func add(place path: String, kind: Int32) {
    var field = cjson_field()
    field.kind = kind
    field.unit = Int32(schema.timeUnit.code)
    field.coerces = schema.coerce
    append(field, path: path, name: path, values: [])
  }

  private mutating func append(_ field: cjson_field, path: String, name: String, values: [String]) {
    fields.append(field)
    let keys = FieldPath(path)?.keys ?? [path]
    paths.append(keys.map(TextEncoding.normalForm).joined(separator: Self.separator))
    names.append(name)
    self.values.append(values.map(TextEncoding.normalForm))
  }

  private static let separator = String(UnicodeScalar(UInt8(CJSON_SEPARATOR)))

  /// nil: no memory, or the CPU cannot read that way. The shim copies every text.
  func makeDecoder(recordBytesMax: Int, by way: RecordDecoder.Way) -> OpaquePointer? {
    var fields = fields
    let texts = CStrings(paths + values.flatMap { $0 })
    return texts.pointers.withUnsafeBufferPointer { pointers in
      var next = paths.count
      for index in fields.indices {
        fields[index].path = pointers[index]
        fields[index].values = pointers.baseAddress.map { $0 + next }
        fields[index].value_count = UInt32(values[index].count)
        next += values[index].count
      }
      var options = cjson_options()
      options.record_bytes_max = recordBytesMax
      options.by_tokens = way.byTokens
      options.normalize = normalizedText
      guard let name = way.implementation else { return cjson_create(fields, fields.count, &options) }
      return name.withCString { name in
        options.implementation = name
        return cjson_create(fields, fields.count, &options)
      }
    }
  }
}

extension TimeUnit {
  /// As the shim has it.
  fileprivate var code: Int {
    switch self {
    case .auto: CJSON_UNIT_AUTO
    case .seconds: CJSON_UNIT_SECONDS
    case .milliseconds: CJSON_UNIT_MILLISECONDS
    case .microseconds: CJSON_UNIT_MICROSECONDS
    case .nanoseconds: CJSON_UNIT_NANOSECONDS
    }
  }
}

/// Texts as C strings, for as long as this lives.
private final class CStrings {
  let pointers: [UnsafePointer<CChar>?]

  init(_ texts: [String]) {
    pointers = texts.map { text in
      text.withCString { source in
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: text.utf8.count + 1)
        copy.update(from: source, count: text.utf8.count + 1)
        return UnsafePointer(copy)
      }
    }
  }

  deinit { for pointer in pointers { pointer?.deallocate() } }
}
