/// A value that a word on the command line can become.
public protocol ArgumentValue {
  /// Nil: `argument` is not such a value.
  init?(argument: String)
  /// What is expected, for the complaint: "a whole number".
  static var expectation: String { get }
  /// Every value there is, where they can be listed.
  static var allValueStrings: [String] { get }
  /// How the value is shown as a default.
  var argumentText: String { get }
}

extension ArgumentValue {
  public static var allValueStrings: [String] { [] }
  public var argumentText: String { String(describing: self) }
}

extension String: ArgumentValue {
  public init?(argument: String) { self = argument }
  public static var expectation: String { "text" }
}

extension Int: ArgumentValue {
  public init?(argument: String) { self.init(argument) }
  public static var expectation: String { "a whole number" }
}

extension Int64: ArgumentValue {
  public init?(argument: String) { self.init(argument) }
  public static var expectation: String { "a whole number" }
}

extension Double: ArgumentValue {
  public init?(argument: String) {
    guard let value = Double(argument), value.isFinite else { return nil }
    self = value
  }
  public static var expectation: String { "a number" }
}

extension ArgumentValue where Self: RawRepresentable, RawValue == String, Self: CaseIterable {
  public init?(argument: String) { self.init(rawValue: argument) }
  public static var expectation: String { "one of " + allValueStrings.joined(separator: ", ") }
  public static var allValueStrings: [String] { allCases.map(\.rawValue) }
  public var argumentText: String { rawValue }
}
