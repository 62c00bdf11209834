/// A part of a time in the calendar of a place, as an input of its own: a category with one row a value.
public enum TimePart: String, Sendable, Hashable, Codable, CaseIterable {
  /// 0 to 59.
  case minute
  /// 0 to 23.
  case hour
  /// Monday at midnight is 0, Sunday at eleven in the evening 167.
  case hourOfWeek = "hour_of_week"
  /// Monday is 1, Sunday 7, as in ISO 8601.
  case weekday
  /// 1 to 31.
  case dayOfMonth = "day_of_month"
  /// 1 to 366.
  case dayOfYear = "day_of_year"
  /// 1 to 12.
  case month

  /// What it can be; the first one has row 1, behind the one for times that are absent.
  public var values: ClosedRange<Int> {
    switch self {
    case .minute: 0...59
    case .hour: 0...23
    case .hourOfWeek: 0...167
    case .weekday: 1...7
    case .dayOfMonth: 1...31
    case .dayOfYear: 1...366
    case .month: 1...12
    }
  }
}

extension FeatureSettings {
  /// The categories that the model reads of it: itself, or the parts of a time, as `departure.hour`.
  var categoryInputs: [FeatureSettings] {
    guard !type.isCategorical else { return [self] }
    return parts.map { part in
      var input = FeatureSettings(name: name(of: part), path: path, type: .category)
      input.values = part.values.map(String.init)
      input.buckets = part.values.count + 1
      input.unknown = .missing
      input.dimension = dimension
      return input
    }
  }

  /// As reports name it.
  func name(of part: TimePart) -> String { "\(name).\(part.rawValue)" }

  /// What is subtracted in double precision before a value becomes a 32-bit float.
  ///
  /// A float tells times near `timeOrigin` 8 seconds apart, and those of the years 2007 to 2040 less than a minute.
  public var originInForce: Double { origin ?? (type == .timestamp ? Self.timeOrigin : 0) }

  /// 14 November 2023, in epoch seconds.
  static let timeOrigin = 1_700_000_000.0
}
