/// What workers say to each other, and how: `group:` of the pipeline file.
public struct GroupSettings: Sendable, Hashable, Codable {
  /// Whether who can read the network between workers can read what they exchange.
  public enum Encryption: String, Sendable, Hashable, Codable, CaseIterable { case none, tls }

  /// How a number of a gradient is written on the way to another worker.
  public enum GradientFormat: String, Sendable, Hashable, Codable, CaseIterable {
    /// As it is.
    case float32
    /// In half the bytes, rounded to eight bits of precision; what that takes away goes out with the next step's.
    case bfloat16
  }

  public var encryption = Encryption.none
  /// Of the dense parameters; rows of tables go as they are.
  public var gradients = GradientFormat.float32

  public init() {}
}
