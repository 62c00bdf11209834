import CJSON
import Foundation

/// Something that the values of a field say about the schema, worth telling once.
public struct FieldNews: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable {
    /// Times that are numbers are read in a unit that nobody has named.
    case unitRecognised = "unit_recognised"
    /// Times that are numbers are in several units, or far in the future.
    case unitsInDoubt = "units_in_doubt"
    /// Whole numbers differ by less than a 32-bit float tells apart.
    case blurred
  }

  /// What is told once.
  public struct Key: Sendable, Hashable {
    let kind: Kind
    let field: String
  }

  public let kind: Kind
  /// The name of the feature, or the path of the time.
  public let field: String
  public var key: Key { Key(kind: kind, field: field) }
  /// Whether values may be wrong, rather than as they should be.
  public var isWarning: Bool { kind != .unitRecognised }
  /// What was seen, and what to write.
  public let sentence: String
}

/// What happened to the values of one field so far.
struct FieldCounts {
  let field: String
  let isFeature: Bool
  /// Whether the pipeline names the unit of its times.
  let hasUnit: Bool
  /// Whether it is a feature that is a time.
  let isTime: Bool
  /// What was subtracted from the numbers of `counts`.
  let origin: Double
  let counts: cjson_counts
}

extension RecordDecoder {
  /// Everything there is to tell so far.
  public var news: [FieldNews] {
    counts.flatMap { place in
      [Self.units(place), Self.blur(place)].compactMap { $0 }
    }
  }

  private static let units = [
    (CJSON_UNIT_SECONDS, "seconds", "s"), (CJSON_UNIT_MILLISECONDS, "milliseconds", "ms"),
    (CJSON_UNIT_MICROSECONDS, "microseconds", "us"), (CJSON_UNIT_NANOSECONDS, "nanoseconds", "ns"),
  ]

  private static func units(_ place: FieldCounts) -> FieldNews? {
    let (field, setting, counts) = (place.field, place.isFeature ? "unit" : "time_unit", place.counts)
    let numbers = withUnsafeBytes(of: counts.units) { Array($0.bindMemory(to: UInt64.self)) }
    let seen = units.filter { numbers[Int($0.0)] > 0 }
    if let early = early(place, numbers.reduce(0, +), seen.map { $0.1 }) { return early }
    guard !place.hasUnit else { return nil }
    if seen.count > 1 {
      let parts = seen.map { "\(numbers[Int($0.0)]) as \($0.1)" }.joined(separator: ", ")
      return FieldNews(
        kind: .unitsInDoubt, field: field,
        sentence: "the times of `\(field)` are read in several units (\(parts)); write `\(setting):` with the right one"
      )
    }
    if counts.late > 0 {
      return FieldNews(
        kind: .unitsInDoubt, field: field,
        sentence: """
          \(counts.late) times of `\(field)` are after the year 2200 when read as seconds; write `\(setting): ms` if they \
          are milliseconds, or `\(setting): s`
          """)
    }
    guard let (_, name, unit) = seen.first, unit != "s" else { return nil }
    return FieldNews(
      kind: .unitRecognised, field: field,
      sentence: "the times of `\(field)` are read as \(name); `\(setting): \(unit)` says so once and for all")
  }

  /// So many times, all of them at the beginning of 1970, are no accident.
  private static let earlyMin: UInt64 = 20

  private static func early(_ place: FieldCounts, _ total: UInt64, _ names: [String]) -> FieldNews? {
    guard total >= earlyMin, place.counts.early == total else { return nil }
    let setting = place.isFeature ? "unit" : "time_unit"
    let advice =
      place.hasUnit
      ? "they are in a coarser unit, most likely: write `\(setting): auto`, or the unit that they are in"
      : "are they times since 1970?"
    return FieldNews(
      kind: .unitsInDoubt, field: place.field,
      sentence: """
        all \(total) times of `\(place.field)` lie within a month of 1 January 1970 when read as \
        \(names.joined(separator: ", ")); \(advice)
        """)
  }

  /// Fewer steps than these between the least and the greatest value are too few.
  private static let stepsMin = 1024.0

  /// Times that are told apart so far are told apart well enough: what lies between is seldom a matter of the calendar.
  private static let timeStepMax = 32.0

  private static func blur(_ place: FieldCounts) -> FieldNews? {
    let (field, counts) = (place.field, place.counts)
    guard counts.large >= 64, counts.blurred > 0 else { return nil }
    let step = Double(Float(max(abs(counts.large_low), abs(counts.large_high))).ulp)
    guard counts.large_high - counts.large_low < step * stepsMin, !place.isTime || step > timeStepMax else {
      return nil
    }
    let (low, high) = (counts.large_low + place.origin, counts.large_high + place.origin)
    return FieldNews(
      kind: .blurred, field: field,
      sentence: """
        the values of `\(field)` lie between \(text(low)) and \(text(high)), where a 32-bit float \
        tells numbers \(text(step)) apart only; write `origin: \(text(low))`, or make it a category
        """)
  }

  private static func text(_ value: Double) -> String {
    abs(value) < 1e15 && value == value.rounded() ? String(Int64(value)) : String(value)
  }
}
