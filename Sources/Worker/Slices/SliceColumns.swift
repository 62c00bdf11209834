import Evaluation
import Ingest
package import Pipelines
import Tensors
import Vocabulary

/// Where a record says of which slices it is: the columns of the fields that `rollout.slices` names.
package struct SliceColumns: Sendable {
  enum Place {
    case number(column: Int, isTruth: Bool)
    /// `high`: of the high half of its hash, where values have rows of their own. Rows 1 … n are those of `values`.
    case category(column: Int, high: Int?, values: [String])
  }

  let fields: [SliceTable.Field]
  let places: [Place]
  /// By field, where a record has it.
  let paths: [String]

  /// What no value has.
  static let absent: UInt64 = 0

  package init(_ pipeline: Pipeline) {
    let schema = pipeline.schema
    var (fields, places, paths): ([SliceTable.Field], [Place], [String]) = ([], [], [])
    for name in pipeline.rollout.slices.prefix(SliceTable.fieldsMax) {
      guard let feature = schema.features.first(where: { $0.name == name }),
        let place = Self.place(of: feature, in: schema)
      else { continue }
      let reading = [feature.type.rawValue, String(feature.buckets), String(feature.categoryColumns)] + feature.values
      fields.append(SliceTable.Field(name: name, reading: hashCategory(reading.joined(separator: "\0"))))
      places.append(place)
      paths.append(feature.path)
    }
    (self.fields, self.places, self.paths) = (fields, places, paths)
  }

  private static func place(of feature: FeatureSettings, in schema: FeatureSchema) -> Place? {
    if feature.type.isNumeric {
      return schema.numericFeatures.firstIndex { $0.name == feature.name }.map {
        .number(column: $0, isTruth: feature.type == .bool)
      }
    }
    var column = 0
    for input in schema.categoryInputs {
      if input.name == feature.name, feature.type == .category {
        let high = input.categoryColumns > input.valuesMax ? column + input.valuesMax : nil
        return .category(column: column, high: high, values: feature.values)
      }
      column += input.categoryColumns
    }
    return nil
  }

  package var isEmpty: Bool { fields.isEmpty }

  /// What tells a record's value of a field from every other.
  @inline(__always)
  func key(of field: Int, _ numbers: UnsafePointer<Float>, _ categories: UnsafePointer<UInt32>) -> UInt64 {
    switch places[field] {
    case .number(let column, _):
      let value = numbers[column]
      // Of two zeros and all that is not there one each.
      return value.isNaN ? Self.absent : 1 + UInt64(value == 0 ? 0 : value.bitPattern)
    case .category(let column, let high, _):
      let value = categories[column]
      if value == FeatureBatch.noCategory { return Self.absent }
      return UInt64(high.map { categories[$0] } ?? 0) << 32 | UInt64(value)
    }
  }

  /// Whether the name of a value is not to be had from its key.
  func isHashed(_ key: UInt64, of field: Int) -> Bool {
    guard case .category(_, _, let values) = places[field] else { return false }
    return key > UInt64(values.count)
  }

  /// The name of a value that is not hashed; of one that is, what stands for it where nobody knows it.
  func name(of key: UInt64, field: Int) -> String {
    if key == Self.absent { return "(absent)" }
    switch places[field] {
    case .number(_, let isTruth):
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: key - 1))
      if isTruth { return value == 0 ? "false" : "true" }
      return value == value.rounded() && abs(value) < 1e7 ? String(Int(value)) : String(value)
    case .category(_, let high, let values):
      if key <= UInt64(values.count) { return SliceNaming.short(values[Int(key) - 1]) }
      return (high == nil ? "bucket " : "#") + String(key, radix: high == nil ? 10 : 16)
    }
  }

  /// A value's name as it stands in a record: where values share a bucket, with the bucket.
  func name(_ text: String, of key: UInt64, field: Int) -> String {
    guard case .category(_, nil, _) = places[field] else { return text }
    return "\(text) (\(name(of: key, field: field)))"
  }
}
