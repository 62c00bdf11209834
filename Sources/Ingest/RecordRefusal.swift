public import Pipelines
public import Vocabulary

/// Why a record or a value is refused, for whoever sent it: what was found, what is wanted, and what to do.
public struct RecordRefusal: Sendable {
  private let schema: FeatureSchema
  private let recordBytesMax: Int

  public init(_ schema: FeatureSchema, recordBytesMax: Int) {
    self.schema = schema
    self.recordBytesMax = recordBytesMax
  }

  /// `wrong_type: it is a number and holds "8"; …`
  ///
  /// - Parameters:
  ///   - field: The name of the feature; nil: the record as a whole.
  ///   - value: As `RecordDecoder.rejectedValue` has it.
  ///   - record: Nil: a value that did not come in a record.
  ///   - size: Bytes of such a value, where it is a map or a text.
  public func sentence(
    _ reason: RejectReason, field: String?, value: String?, record: UnsafeRawBufferPointer?, size: Int? = nil
  ) -> String {
    if reason == .oversized, let size = record?.count ?? size { return "\(reason.rawValue): \(tooLarge(size))" }
    let feature = schema.features.first { $0.name == field }
    let detail = feature.map { self.detail(reason, $0, value, record) } ?? detail(reason, record)
    return reason.rawValue + (detail.map { ": \($0)" } ?? "")
  }

  private func tooLarge(_ size: Int) -> String {
    size > recordBytesMax
      ? "it has \(size) bytes, and source.record_bytes_max is \(recordBytesMax)"
      : "it is nested deeper than 128 levels"
  }

  private func detail(_ reason: RejectReason, _ record: UnsafeRawBufferPointer?) -> String? {
    guard let record else { return nil }
    switch reason {
    case .malformed:
      if record.isEmpty { return "it is empty" }
      guard let fault = JSONFault.find(in: record) else { return "it is no JSON" }
      let rest = String(decoding: record[min(fault.offset, record.count)...].prefix(24), as: UTF8.self)
      let found = rest.isEmpty ? "it ends there" : "there is \(RecordKeys.shown(rest))"
      return "it is no JSON: \(fault.wanted) expected at byte \(fault.offset), and \(found)"
    case .invalidUTF8:
      return TextEncoding.trouble(in: record).map {
        "behind \($0.characters) characters, \(TextEncoding.sentence(about: $0.byte))"
      }
    case .notAnObject: return "it is JSON, and no object: {…} is expected"
    default: return nil
    }
  }

  private func detail(
    _ reason: RejectReason, _ feature: FeatureSettings, _ value: String?, _ record: UnsafeRawBufferPointer?
  ) -> String? {
    let held = value.map { "holds \(RecordKeys.shown($0))" } ?? "holds another"
    switch reason {
    case .wrongType: return "it is \(Self.kind(feature)) and \(held)" + remedy(feature, value)
    case .overflow: return "it \(held), which is too large for a 32-bit float"
    case .outOfRange:
      guard let clip = feature.clip, !isOverfull(feature, value) else {
        return feature.isSparse
          ? "it has \(keys(feature, record)) keys, and keys_max is \(feature.keysMax)"
          : "it has more values than values_max, \(feature.valuesMax)"
      }
      let range = "\(RecordNotes.text(clip.lowerBound)) to \(RecordNotes.text(clip.upperBound))"
      return "it \(held), and out_of_range: reject takes \(range) only"
    case .missingField:
      let near =
        record.flatMap { RecordKeys($0) }?.near(feature.path, except: Set(schema.features.filter(\.isRead).map(\.path)))
        ?? []
      let hint = near.isEmpty ? "" : " (near it: \(near.joined(separator: ", ")))"
      return "it is absent\(record == nil ? "" : " at \(feature.path)")\(hint), and the pipeline says missing: reject"
    case .unknownCategory:
      let text = value.map { String($0.drop { $0 == "\"" }.prefix { $0 != "\"" }) }
      let near = text.flatMap { nearest(to: $0, among: feature.values) }.map { " (near: \($0))" } ?? ""
      return "it \(held), which is none of the known values\(near), and the pipeline says unknown: reject"
    default: return nil
    }
  }

  /// How many keys a map has, as a sentence says it.
  private func keys(_ feature: FeatureSettings, _ record: UnsafeRawBufferPointer?) -> String {
    record.flatMap { RecordKeys($0) }?.keyCount(at: feature.path).map(String.init) ?? "more than \(feature.keysMax)"
  }

  /// Whether a map was refused for a key, which is shown as text, and not for a number.
  private func isOverfull(_ feature: FeatureSettings, _ value: String?) -> Bool {
    feature.type == .map && value?.first == "\""
  }

  private static func kind(_ feature: FeatureSettings) -> String {
    switch feature.type {
    case .float: "a number"
    case .bool: "true or false"
    case .timestamp: "a time"
    case .category: "a category, a text or a whole number,"
    case .map: "a map, an object of numbers,"
    case .text: "a text"
    case .cross: "made of others"
    }
  }

  private func remedy(_ feature: FeatureSettings, _ value: String?) -> String {
    guard let value, value.first == "\"" else { return "" }
    let text = String(value.dropFirst().prefix { $0 != "\"" })
    let coerces = feature.coerce ?? schema.coerce
    switch feature.type {
    case .float where Double(text) != nil:
      return coerces ? "" : ": numbers have no quotes, unless the pipeline says coerce: true"
    case .bool where ["true", "false"].contains(text.lowercased()):
      return coerces ? "" : ": truths have no quotes, unless the pipeline says coerce: true"
    case .bool, .float: return ": where words are what it holds, it is of type: category"
    default: return ""
    }
  }
}
