/// Why a record was read and not learned. The raw value is the name in the dead-letter header, the metric and the tables.
///
/// The order is part of the wire format between workers: add new reasons at the end.
public enum RejectReason: String, Sendable, Codable, CaseIterable {
  /// Not JSON: truncated, a NaN or Infinity token, two values, a control byte, nothing at all.
  case malformed
  /// The bytes are not UTF-8.
  case invalidUTF8 = "invalid_utf8"
  /// Larger than `source.recordBytesMax`, or nested too deep.
  case oversized
  /// JSON, but not one object.
  case notAnObject = "not_an_object"
  /// A declared field holds a value of another type.
  case wrongType = "wrong_type"
  /// A number too large for its field's type (`1e999`, `1e38` for a field without a clip range).
  case overflow
  /// Outside `range` of a field whose `outOfRange` is `reject`.
  case outOfRange = "out_of_range"
  /// A field whose `missing` is `reject` is absent or null.
  case missingField = "missing_field"
  /// A category outside `values` of a field whose `unknown` is `reject`.
  case unknownCategory = "unknown_category"
  /// There is a label, but not one the task can learn from.
  case badLabel = "bad_label"
  /// No label (yet): predicted, not learned, and not dead-lettered.
  case labelAbsent = "label_absent"
  /// The event time is missing, of another type, or not a time.
  case badTime = "bad_time"
  /// The record made a forward, backward or reduced value non-finite.
  case nonFinite = "non_finite"
  /// A null value: the deletion of its key. Passed over, not dead-lettered; an empty value is `malformed`.
  case tombstone
  /// A step that a health rule with the action `skip_step` found sick: its records were not learned.
  case skippedStep = "skipped_step"

  /// Whether the record goes to the dead-letter topic.
  public var isDeadLettered: Bool { self != .labelAbsent && self != .tombstone }

  /// The place in arrays counted by reason.
  public var index: Int { Self.places[self] ?? 0 }

  private static let places = Dictionary(
    uniqueKeysWithValues: allCases.enumerated().map { ($0.element, $0.offset) })
}
