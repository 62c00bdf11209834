import Foundation
import Pipelines
import Worker

/// Which steps are looked at, as a person says it.
enum CulpritWindow: Sendable, Hashable {
  /// As the ledger numbers them.
  case steps(ClosedRange<Int64>)
  /// By when checkpoints were saved.
  case times(ClosedRange<Date>)

  init?(_ text: String) {
    let parts = text.components(separatedBy: "..")
    guard parts.count == 2 else { return nil }
    if let first = Int64(parts[0]), let last = Int64(parts[1]) {
      guard first > 0, first <= last else { return nil }
      self = .steps(first...last)
      return
    }
    guard let from = Self.time(parts[0]), let to = Self.time(parts[1]), from <= to else { return nil }
    self = .times(from...to)
  }

  /// ISO 8601 to the minute or the second, of UTC where it does not say.
  private static func time(_ text: String) -> Date? {
    let form = /(\d{4})-(\d{1,2})-(\d{1,2})T(\d{1,2}):(\d{2})(?::(\d{2}))?(?:Z|([+-])(\d{2}):?(\d{2})?)?/
    guard let found = text.wholeMatch(of: form)?.output else { return nil }
    func number(_ part: Substring?) -> Int { part.flatMap { Int($0) } ?? 0 }
    let time = DateComponents(
      timeZone: .gmt, year: number(found.1), month: number(found.2), day: number(found.3), hour: number(found.4),
      minute: number(found.5), second: number(found.6))
    guard time.isValidDate(in: Calendar(identifier: .gregorian)) else { return nil }
    let ahead = (number(found.8) * 60 + number(found.9)) * (found.7 == "-" ? -60 : 60)
    return Calendar(identifier: .gregorian).date(from: time)?.addingTimeInterval(-Double(ahead))
  }
}

/// What is measured, as a person says it.
enum CulpritMeasure: Sendable, Hashable {
  case loss
  case feature(String)
  case slice(feature: String, value: String)

  init?(_ text: String) {
    if text == "loss" {
      self = .loss
    } else if text.hasPrefix("feature:"), text.count > 8 {
      self = .feature(String(text.dropFirst(8)))
    } else if text.hasPrefix("slice:"), let mark = text.firstIndex(of: "=") {
      let name = text[text.index(text.startIndex, offsetBy: 6)..<mark]
      guard !name.isEmpty else { return nil }
      self = .slice(feature: String(name), value: String(text[text.index(after: mark)...]))
    } else {
      return nil
    }
  }

  var text: String {
    switch self {
    case .loss: "loss"
    case .feature(let name): "feature:\(name)"
    case .slice(let feature, let value): "slice:\(feature)=\(value)"
    }
  }
}
