import CJSON
public import Vocabulary

/// What became of one record.
public enum DecodeOutcome: Sendable, Hashable {
  /// The slot holds it. Its label may be absent (NaN): then it is predicted, not learned.
  case example
  /// What the slot holds means nothing. `field` is the name of the feature, or the path of the label or the time, that
  /// caused it; nil where the record as a whole did.
  case rejected(RejectReason, field: String?)

  init(_ outcome: Int32, field: @autoclosure () -> String?) {
    self = outcome == Int32(CJSON_OK) ? .example : .rejected(Self.reasons[Int(outcome)], field: field())
  }

  /// By the shim's codes; the first is never looked at.
  private static let reasons: [RejectReason] = [
    .malformed, .malformed, .invalidUTF8, .oversized, .notAnObject, .wrongType, .overflow, .outOfRange, .missingField,
    .unknownCategory, .badLabel, .badTime,
  ]
}

/// What happened to the values of one feature so far, in records that were kept and in records that were not.
public struct DecodeCounters: Sendable, Hashable, Codable {
  public let feature: String
  /// Values outside the clip range that became its nearest bound.
  public var clipped: Int64
  /// Values that were absent or null and became what `missing` says.
  public var imputed: Int64
  /// Categories outside the known values.
  public var unknown: Int64

  public init(feature: String, clipped: Int64 = 0, imputed: Int64 = 0, unknown: Int64 = 0) {
    self.feature = feature
    self.clipped = clipped
    self.imputed = imputed
    self.unknown = unknown
  }
}
