/// What a detector does with a value before it looks at it: counted, and made safe to be squared and summed.
struct DetectorIntake: Sendable, Hashable, Codable {
  /// Squares of this, summed up 2⁶³ times, are finite.
  static let magnitudeMax = 1e140
  /// Squares of this are normal numbers.
  static let magnitudeMin = 1e-140

  private(set) var count: Int64 = 0
  private(set) var ignored: Int64 = 0

  /// The index of the value that was taken last.
  var index: Int64 { count - 1 }
  var isPossible: Bool { count >= 0 && count < .max / 2 && (0...count).contains(ignored) }

  /// The value as the detector reads it; nil: of no use.
  mutating func take(_ value: Double, where isUsable: (Double) -> Bool = \.isFinite) -> Double? {
    count += 1
    guard isUsable(value) else {
      ignored += 1
      return nil
    }
    if value.magnitude < Self.magnitudeMin { return 0 }
    return min(max(value, -Self.magnitudeMax), Self.magnitudeMax)
  }
}

extension Double {
  /// A number that a detector's state may hold as a value, or as a mean of values, which is rounded.
  var isDetectorValue: Bool { magnitude <= DetectorIntake.magnitudeMax * 1.001 }
  /// A number that it may hold as a sum of squares.
  var isSquareSum: Bool { self >= 0 && isFinite }
}

extension KeyedDecodingContainer {
  /// Refuses a state that no stream leads to.
  ///
  /// - Throws: `DecodingError.dataCorrupted`.
  func demand(_ isPossible: Bool, _ key: Key, _ sentence: String) throws {
    guard isPossible else { throw DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: sentence) }
  }

  /// Reads settings that are in their ranges.
  func settings<Settings: DetectorSettings>(_ type: Settings.Type, _ key: Key) throws -> Settings {
    let settings = try decode(type, forKey: key)
    try demand(settings.problems.isEmpty, key, settings.problems.joined(separator: "; "))
    return settings
  }

  func intake(_ key: Key) throws -> DetectorIntake {
    let intake = try decode(DetectorIntake.self, forKey: key)
    try demand(intake.isPossible, key, "more values were ignored than counted")
    return intake
  }
}
