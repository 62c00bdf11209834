import CJSON
public import Pipelines
public import Tensors
import Vocabulary

/// JSON records becoming feature values, straight into the slots of a batch.
///
/// One pass checks that the whole record is JSON and UTF-8, and writes each declared value into its place. The rules:
///
/// - A record that is not JSON anywhere is `malformed`, whatever it holds; one that is not UTF-8 is `invalidUTF8`.
/// - More than `recordBytesMax` bytes, or more than 128 levels of nesting in an undeclared value: `oversized`.
/// - null is the same as absent. Undeclared keys are ignored. Objects that occur twice are read as one.
/// - A key that occurs twice: the last value counts, and each must be of the declared type.
/// - Of several things wrong with the values of one record, the first in the record is the one reported.
/// - A number is the double nearest to its text, less its `origin`, rounded to float. Outside its clip range it is clipped
///   or rejected; without a range it must fit into a float. A number that no double holds (`1e999`) is always an `overflow`.
/// - A category is a text, or a whole number taken as its shortest text, so that 1, 1.0, 1e0 and "1" are one; with
///   `valuesMax` above 1 also a list of them, of which null is none, an empty one says nothing, and a longer one is out of
///   range. A class is what a category is, or true and false where classes have these names.
/// - Where classes are found, any such text of 1 to 256 bytes is one (but for control
///   characters, as in lists of classes), numbered as they come in the records that are kept.
/// - A label that is a number is clipped or rejected outside its range as a number is; one that no double holds, no float
///   without a range, or that is below 0 and a count, is a `badLabel`.
/// - A weight is a number of 0 … `FeatureSchema.weightMax`, and 1 where it is absent; any other is `outOfRange`.
/// - A map is an object whose keys are hashed to rows, each with its value as its weight: a number, true for 1, false and
///   null for none; a text makes `key=text` a key of weight 1. Of a key that occurs twice both count. More than `keysMax`
///   different keys are out of range.
/// - A text (or a whole number) of a sparse feature falls into tokens, runs of letters and digits in lower case, hashed to
///   rows with their number as weight; one of more different tokens than `keysMax` is cut, and counted as clipped.
/// - A cross is what its members say together, after their own rules; absent where one of them is.
/// - A time is of the years 1 to 9999: text of ISO 8601, or a number in its unit since 1970 (`TimeUnit`).
/// - Texts and keys are compared and hashed in Unicode's Normalization Form C: é is é, however it is composed. A text with
///   more than 30 combining marks in a row stays as it is.
/// - A field that is coerced takes a text for the number, truth or time that it spells (`FeatureSettings.coerce`).
/// - A byte-order mark before the record is passed over.
///
/// One thread at a time.
public final class RecordDecoder {
  /// What records are decoded for.
  public enum Purpose: Sendable, Hashable {
    /// Label and times are read and checked.
    case learning
    /// Features only.
    case prediction
  }

  /// A way of reading, all of which give the same values; for tests.
  package struct Way: Sendable, Hashable {
    /// simdjson's, by name; nil: the fastest here.
    package var implementation: String?
    /// Without the path by characters, which needs AVX2.
    package var byTokens = false

    package init(implementation: String? = nil, byTokens: Bool = false) {
      self.implementation = implementation
      self.byTokens = byTokens
    }
  }

  /// Columns of `ExampleSlot.numbers`.
  public let numberCount: Int
  /// Columns of `ExampleSlot.categories`.
  public let categoryCount: Int
  /// Sparse inputs.
  public var weightedCount: Int { bagFields.count }
  /// Columns of `ExampleSlot.labels`.
  public let labelCount: Int
  public let recordBytesMax: Int

  /// The place among the declared fields that caused the last rejection; nil: the record as a whole, or it was kept.
  public private(set) var rejectedField: Int?

  private let decoder: OpaquePointer
  /// By the shim's index: the features as declared, then label and times.
  private let names: [String]
  /// Whether the pipeline names the unit of its times.
  private let hasUnit: [Bool]
  private let areTimes: [Bool]
  private let origins: [Double]
  private let featureCount: Int
  /// Column → the shim's index.
  private let numberFields: [Int32]
  private let categoryFields: [Int32]
  private let categoryPlaces: [CategoryPlace]
  private let bagFields: [Int32]
  private let isText: [Bool]
  private let findingField: Int32?
  private var classesTaken = 0
  /// nil: there are no crosses.
  private var crosses: CrossColumns?

  /// - Parameters:
  ///   - heads: Whose labels are read: `Pipeline.heads`.
  ///   - recordBytesMax: Larger records are rejected; memory grows with the largest record seen, up to six times this.
  ///   - strangers: So many names are found of a label that finds its classes; a record with one more is rejected, or kept
  ///     as `keepOtherClasses` says.
  public convenience init(
    schema: FeatureSchema, heads: [HeadSettings], recordBytesMax: Int, purpose: Purpose = .learning,
    strangers: Int = 1024
  ) {
    self.init(
      schema: schema, heads: heads, recordBytesMax: recordBytesMax, purpose: purpose, way: Way(), strangers: strangers)
  }

  /// - Parameter way: One that this CPU has.
  package init(
    schema: FeatureSchema, heads: [HeadSettings], recordBytesMax: Int, purpose: Purpose, way: Way,
    strangers: Int = 1024
  ) {
    precondition(!heads.isEmpty, "a record has a label, present or not")
    precondition(recordBytesMax > 0 && recordBytesMax < 1 << 31, "recordBytesMax \(recordBytesMax)")
    let table = FieldTable(schema: schema, heads: heads, purpose: purpose, strangers: strangers)
    numberCount = table.numberFields.count
    categoryCount = table.categoryColumns
    categoryPlaces = table.categoryPlaces
    numberFields = table.numberFields
    categoryFields = table.categoryFields
    bagFields = table.bagFields
    isText = schema.sparseFeatures.map { $0.type == .text }
    crosses = table.members.contains { !$0.isEmpty } ? CrossColumns(table) : nil
    names = table.names
    findingField = table.findingField
    hasUnit = table.hasUnit
    areTimes = table.areTimes
    origins = table.origins
    featureCount = schema.features.count
    labelCount = heads.count
    self.recordBytesMax = recordBytesMax
    guard let decoder = table.makeDecoder(recordBytesMax: recordBytesMax, by: way) else {
      preconditionFailure("no memory for a decoder of \(names.count) fields, or no \(way) on this CPU")
    }
    self.decoder = decoder
  }

  /// With the label of the schema alone.
  public convenience init(
    schema: FeatureSchema, task: ModelSettings.Task, recordBytesMax: Int, purpose: Purpose = .learning
  ) {
    self.init(
      schema: schema, heads: [HeadSettings(name: "", label: schema.label, task: task)],
      recordBytesMax: recordBytesMax, purpose: purpose)
  }

  deinit { cjson_destroy(decoder) }

  /// Decodes one record.
  ///
  /// - Parameters:
  ///   - bytes: One JSON object; nothing beyond them is read.
  ///   - slot: Room for `numberCount` numbers, `categoryCount` categories and `labelCount` labels.
  /// - Complexity: One pass; nothing is allocated.
  public func decode(_ bytes: UnsafeRawBufferPointer, into slot: ExampleSlot) -> DecodeOutcome {
    var field: Int32 = -1
    let outcome = cjson_decode(
      decoder, bytes.baseAddress, bytes.count, slot.numbers, slot.categories, slot.labels, slot.eventTime, slot.weight,
      &field)
    rejectedField = field < 0 ? nil : Int(field)
    if outcome == CJSON_OK, !bagFields.isEmpty { putPairs(into: slot) }
    return DecodeOutcome(outcome, field: name(field))
  }

  private func putPairs(into slot: ExampleSlot) {
    switch slot.pairs {
    case .nowhere: preconditionFailure("no room for the pairs of sparse inputs")
    case .row(let row, let batch):
      batch._withUnsafeGuaranteedRef { batch in for bag in bagFields.indices { put(bag, in: batch, row: row) } }
    case .place(let place, let ring): ring._withUnsafeGuaranteedRef { $0.put(place, pairs) }
    }
  }

  private func put(_ bag: Int, in batch: FeatureBatch, row: Int) {
    let (rows, weights, count) = pairs(bag)
    batch.weighted[bag].set(row, rows: rows, weights: weights, count: count)
  }

  private func pairs(_ bag: Int) -> (UnsafePointer<UInt32>, UnsafePointer<Float>, count: Int) {
    var rows: UnsafePointer<UInt32>?
    var weights: UnsafePointer<Float>?
    let count = cjson_bag(decoder, Int32(bag), &rows, &weights)
    guard let rows, let weights else { preconditionFailure("no sparse input \(bag)") }
    return (rows, weights, count)
  }

  /// Applies the rules of a map (JSON) or a text to a value that did not come in a record.
  ///
  /// - Parameters:
  ///   - value: nil: absent.
  ///   - column: The place among the sparse features.
  ///   - row: Of `batch`; those before it are complete for this feature.
  public func decode(sparse value: UnsafeRawBufferPointer?, column: Int, row: Int, of batch: FeatureBatch)
    -> DecodeOutcome
  {
    let field = bagFields[column]
    // An empty text is a value like any other, so it needs an address.
    let outcome = withUnsafePointer(to: UInt8(0)) { empty in
      let start = value.map { $0.baseAddress ?? UnsafeRawPointer(empty) }
      return isText[column]
        ? cjson_text(decoder, field, start, value?.count ?? 0) : cjson_map(decoder, field, start, value?.count ?? 0)
    }
    if outcome == CJSON_OK { put(column, in: batch, row: row) }
    return DecodeOutcome(outcome, field: name(field))
  }

  /// When the label of the record decoded last became known, in seconds since 1970; NaN: nothing says when.
  public var labelTime: Double { cjson_label_time(decoder) }

  /// What happened to the values of the record decoded last, of one that was kept.
  public var marks: FieldMarks {
    var fields: UnsafePointer<Int32>?
    var marks: UnsafePointer<UInt8>?
    let count = cjson_marked(decoder, &fields, &marks)
    return count == 0 ? .none : FieldMarks(fields: UnsafeBufferPointer(start: fields, count: count), marks: marks)
  }

  /// Applies the rules of a numeric feature to a number that did not come in a record; of a time, its parts are written too.
  ///
  /// - Parameters:
  ///   - value: nil or NaN: absent.
  ///   - column: The place among the numeric features.
  public func decode(number value: Double?, column: Int, into slot: ExampleSlot) -> DecodeOutcome {
    let field = numberFields[column]
    return DecodeOutcome(cjson_number(decoder, field, value ?? .nan, slot.numbers, slot.categories), field: name(field))
  }

  /// The same for a text, as it would stand in a record: of a timestamp, or of a feature that is coerced.
  public func decode(numberText text: String, column: Int, into slot: ExampleSlot) -> DecodeOutcome {
    let field = numberFields[column]
    var text = text
    return text.withUTF8 { text in
      // An empty text is a value like any other, so it needs an address.
      withUnsafePointer(to: UInt8(0)) { empty in
        DecodeOutcome(
          cjson_number_text(decoder, field, text.baseAddress ?? empty, text.count, slot.numbers, slot.categories),
          field: name(field))
      }
    }
  }

  /// Applies the rules of a category feature to a text that did not come in a record; for a list it is the only value.
  ///
  /// - Parameters:
  ///   - text: nil: absent.
  ///   - column: The place among the category features.
  public func decode(category text: String?, column: Int, into slot: ExampleSlot) -> DecodeOutcome {
    let field = categoryFields[column]
    let bucket = slot.categories + categoryPlaces[column].first
    defer {
      if case .row(let row, _) = slot.pairs { crosses?.keep(decoder, category: column, row: row) }
    }
    guard var text else {
      return DecodeOutcome(cjson_category(decoder, field, nil, 0, bucket), field: name(field))
    }
    return text.withUTF8 { text in
      // An empty text is a value like any other, so it needs an address.
      withUnsafePointer(to: UInt8(0)) { empty in
        DecodeOutcome(
          cjson_category(decoder, field, text.baseAddress ?? empty, text.count, bucket),
          field: name(field))
      }
    }
  }

  /// The same for all values of a list, at most `valuesMax` of the feature; none says nothing.
  public func decode(categories texts: [String], column: Int, into slot: ExampleSlot) -> DecodeOutcome {
    let place = categoryPlaces[column]
    guard texts.count <= place.slots else { return .rejected(.outOfRange, field: name(categoryFields[column])) }
    var values = [UInt32](repeating: FeatureBatch.noCategory, count: place.slots)
    if place.givesHashes { values += [UInt32](repeating: 0, count: place.slots) }
    for (number, text) in texts.enumerated() {
      let outcome = decode(category: text, column: column, into: slot)
      guard case .example = outcome else { return outcome }
      values[number] = slot.categories[place.first]
      if place.givesHashes { values[place.slots + number] = slot.categories[place.first + place.slots] }
    }
    for (number, value) in values.enumerated() { slot.categories[place.first + number] = value }
    return .example
  }

  /// The names that were found since the last call, in the order of their numbers; the label of a record is such a number,
  /// counted from 0. Empty where no label finds its classes.
  public func takeFoundClasses() -> [String] {
    guard let findingField else { return [] }
    let count = cjson_class_count(decoder, findingField)
    guard count > classesTaken else { return [] }
    defer { classesTaken = count }
    return (classesTaken..<count).map { place in
      var length = 0
      let text = cjson_class(decoder, findingField, place, &length)
      return String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
    }
  }

  /// Classes that others have found: they are found from now on, too. Nothing where no label finds its classes.
  ///
  /// - Parameter isAll: No further one is found; a record with another is rejected as `badLabel`, unless those are kept.
  public func know(classes: [String], isAll: Bool) {
    guard let findingField else { return }
    for var name in classes {
      name.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) { cjson_know_class(decoder, findingField, $0.baseAddress, $0.count) }
      }
    }
    if isAll { cjson_close_classes(decoder, findingField) }
  }

  /// From now on a record with a class that has no number and gets none is kept, with `otherClass` as its label.
  public func keepOtherClasses() {
    if let findingField { cjson_keep_others(decoder, findingField) }
  }

  /// The label of a record whose class has no number.
  public static let otherClass: Float = -1

  /// Writes the crosses of the first rows of a batch, of which all columns have been decoded one by one.
  public func cross(rows: Int, of batch: FeatureBatch) { crosses?.fill(decoder, rows: rows, of: batch) }

  /// By feature, in the order of the schema.
  public var counters: [DecodeCounters] {
    guard let counts = cjson_counters(decoder) else { return [] }
    return (0..<featureCount).map {
      DecodeCounters(
        feature: names[$0], clipped: Int64(clamping: counts[$0].clipped), imputed: Int64(clamping: counts[$0].imputed),
        unknown: Int64(clamping: counts[$0].unknown))
    }
  }

  /// The value that the last record or value was rejected for, as JSON, cut short after 64 bytes; nil where it was none (a
  /// record that is malformed, a field that is missing). To be asked before the next one is decoded.
  public var rejectedValue: String? {
    var length = 0
    guard let text = cjson_rejected(decoder, &length), length > 0 else { return nil }
    return String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
  }

  /// By the shim's index.
  var counts: [FieldCounts] {
    guard let counts = cjson_counters(decoder) else { return [] }
    return names.indices.map {
      FieldCounts(
        field: names[$0], isFeature: $0 < featureCount, hasUnit: hasUnit[$0], isTime: areTimes[$0], origin: origins[$0],
        counts: counts[$0])
    }
  }

  /// simdjson's implementation for this CPU, for reports.
  public static var implementation: String { cjson_implementation(0).map { String(cString: $0) } ?? "none" }

  /// All of simdjson's implementations that this CPU has, the fastest first.
  package static var implementations: [String] {
    var names: [String] = []
    while let name = cjson_implementation(names.count) { names.append(String(cString: name)) }
    return names
  }

  private func name(_ field: Int32) -> String? { field < 0 ? nil : names[Int(field)] }
}
