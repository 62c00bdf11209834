/// Why the door for requests cannot open.
public struct HTTPError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: String, Sendable, Hashable {
    /// Something else listens there.
    case addressInUse = "address_in_use"
    /// No such address on this machine, no right to listen there, or too many open files.
    case unavailable
  }

  public let code: Code
  public let address: String
  public let reason: String

  public init(code: Code, address: String, reason: String) {
    self.code = code
    self.address = address
    self.reason = reason
  }

  public var isRetryable: Bool { code == .addressInUse }
  public var description: String { "http \(code.rawValue), \(address): \(reason)" }
}
