/// What may become of the value of a declared field, counted by field: it is told, not logged.
public enum FieldNotice: Sendable, Hashable {
  /// Absent or null, and the record was kept: the value is what `missing` says.
  case missing
  /// Outside its clip range, and became the nearest bound.
  case clipped
  /// A category outside the known values, and the record was kept.
  case unknown
  /// Far outside the feature's usual range, and taken as absent; of a label, as the bound.
  case wild
  /// The record was refused because of this field.
  case rejected(RejectReason)
  /// Of a record as a whole: its label became known so long after the event, a bucket of `LabelDelay`.
  case delayed(Int)

  /// How many there are.
  public static let count = firstDelay + LabelDelay.buckets
  /// The index of a rejection for the first reason; those for the others follow in their order.
  public static let firstRejection = 4
  private static let firstDelay = firstRejection + RejectReason.allCases.count
  private static let delayName = "delayed_"

  /// The place in arrays counted by notice; part of the wire format between workers of one version.
  public var index: Int {
    switch self {
    case .missing: 0
    case .clipped: 1
    case .unknown: 2
    case .wild: 3
    case .rejected(let reason): Self.firstRejection + reason.index
    case .delayed(let bucket): Self.firstDelay + bucket
    }
  }

  /// - Parameter index: In 0 ..< `count`.
  public init(index: Int) {
    switch index {
    case 0: self = .missing
    case 1: self = .clipped
    case 2: self = .unknown
    case 3: self = .wild
    case Self.firstDelay...: self = .delayed(index - Self.firstDelay)
    default: self = .rejected(RejectReason.allCases[index - Self.firstRejection])
    }
  }

  /// The name in tables; that of a rejection is its reason's.
  public var name: String {
    switch self {
    case .missing: "missing"
    case .clipped: "clipped"
    case .unknown: "unknown"
    case .wild: "wild"
    case .rejected(let reason): reason.rawValue
    case .delayed(let bucket): "\(Self.delayName)\(bucket)"
    }
  }

  /// nil: a notice of a newer program.
  public init?(name: String) {
    switch name {
    case "missing": self = .missing
    case "clipped": self = .clipped
    case "unknown": self = .unknown
    case "wild": self = .wild
    case _ where name.hasPrefix(Self.delayName):
      guard let bucket = Int(name.dropFirst(Self.delayName.count)), (0..<LabelDelay.buckets).contains(bucket) else {
        return nil
      }
      self = .delayed(bucket)
    default:
      guard let reason = RejectReason(rawValue: name) else { return nil }
      self = .rejected(reason)
    }
  }
}

/// One notice about one field as a number: small, dense and the same on every rank of one pipeline.
public struct FieldCode: Sendable, Hashable, Comparable {
  public let rawValue: Int32

  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// - Parameter field: The place among the declared fields; nil: the record as a whole.
  public init(field: Int?, _ notice: FieldNotice) {
    rawValue = Int32((field ?? -1) + 1) * Int32(FieldNotice.count) + Int32(notice.index)
  }

  public var field: Int? {
    let place = Int(rawValue) / FieldNotice.count
    return place == 0 ? nil : place - 1
  }

  public var notice: FieldNotice { FieldNotice(index: Int(rawValue) % FieldNotice.count) }

  public static func < (a: FieldCode, b: FieldCode) -> Bool { a.rawValue < b.rawValue }
}
