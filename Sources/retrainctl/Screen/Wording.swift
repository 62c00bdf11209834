import Foundation
import Vocabulary

/// Numbers and times as people read them.
enum Wording {
  /// `1,234,567`
  static func count(_ value: Int64) -> String {
    var digits = ""
    for (index, digit) in String(value.magnitude).reversed().enumerated() {
      if index > 0, index.isMultiple(of: 3) { digits.append(",") }
      digits.append(digit)
    }
    return (value < 0 ? "-" : "") + String(digits.reversed())
  }

  /// `1 record`, `1,234 records`
  static func count(_ value: Int64, _ noun: String) -> String { "\(count(value)) \(noun)\(value == 1 ? "" : "s")" }

  /// `0.7712`; a dash where there is none.
  static func figure(_ value: Double?, decimals: Int = 4) -> String {
    guard let value else { return "–" }
    return value.isFinite ? String(format: "%.\(decimals)f", value) : "not finite"
  }

  /// Four significant digits and no power of ten that people must multiply by: `0.0001234`, `12.34`, `14585`.
  static func measure(_ value: Double?) -> String {
    value.map { String(format: (1e4..<1e9).contains(abs($0)) ? "%.0f" : "%.4g", $0) } ?? "–"
  }

  /// What the members of a model count, in a sentence.
  static func members(_ members: [MemberWeight]) -> String {
    "members weigh " + members.map { "\($0.member) \(figure($0.weight))" }.joined(separator: ", ")
  }

  /// At most seven characters, for columns: `0.7712`, `12.35`, `1.2e+09`.
  static func compact(_ value: Double?) -> String {
    guard let value else { return "–" }
    guard value.isFinite else { return "not finite" }
    return switch abs(value) {
    case 0, 0.001..<10: String(format: "%.4f", value)
    case 10..<100_000: String(format: "%.5g", value)
    default: String(format: "%.1e", value)
    }
  }

  /// `0–3,7`
  static func ranges(_ numbers: [Int32]) -> String {
    var ranges: [ClosedRange<Int32>] = []
    for number in numbers.sorted() {
      if let last = ranges.last, number == last.upperBound + 1 {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)–\($0.upperBound)" }
      .joined(separator: ",")
  }

  static func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }

  /// `3 s ago`, `12 min ago`
  static func ago(_ date: Date, now: Date = Date()) -> String { span(now.timeIntervalSince(date)) + " ago" }

  static func span(_ seconds: Double) -> String {
    switch max(0, seconds) {
    case ..<1: "0 s"
    case ..<120: "\(Int(seconds)) s"
    case ..<7200: "\(Int(seconds / 60)) min"
    case ..<172_800: "\(Int(seconds / 3600)) h"
    default: "\(Int(seconds / 86_400)) days"
    }
  }
}
