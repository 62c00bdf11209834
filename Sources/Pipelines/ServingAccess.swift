/// What a server proves itself with: `serving.tls` of the pipeline file.
public struct ServingCertificate: Sendable, Hashable, Codable {
  /// A file with its certificate and those of whoever signed it, in PEM.
  public var certificate = ""
  /// A file with the certificate's key, in PEM.
  public var key = ""

  public init() {}
}

/// What lets somebody in: an element of `serving.tokens`.
public struct ServingToken: Sendable, Hashable, Codable {
  /// What its bearer may do; each may do what those before may.
  public enum Role: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    /// Status, metrics and descriptions of models.
    case read
    /// Predictions by the versions whose turn it is.
    case predict
    /// Predictions by a version that is named.
    case operate

    public static func < (left: Role, right: Role) -> Bool {
      allCases.firstIndex(of: left) ?? 0 < allCases.firstIndex(of: right) ?? 0
    }
  }

  /// A secret.
  public var token = ""
  public var role = Role.read

  public init() {}
}

/// Whoever prints a pipeline prints no secret.
extension ServingToken: CustomStringConvertible, CustomReflectable {
  public var description: String { "a token for \(role.rawValue)" }
  public var customMirror: Mirror { Mirror(self, children: ["role": role]) }
}

extension ServingSettings {
  /// Why a server must not listen at `host`; nil: it may.
  ///
  /// Beyond this machine whoever reaches it is asked for a token, which nobody else must read on the way.
  public func exposure(at host: String) -> String? {
    guard !isOpen, !Self.isLoopback(host), tls == nil || tokens.isEmpty else { return nil }
    let lacking = tls == nil && tokens.isEmpty ? "TLS and tokens" : tls == nil ? "TLS" : "tokens"
    return "\(host) is reached from other machines, and the server has no \(lacking): give serving.tls and "
      + "serving.tokens, listen on 127.0.0.1, or write serving.open: true where something in front of it guards it"
  }

  /// Whether only this machine reaches what listens there. Of names only `localhost` is known to say so.
  public static func isLoopback(_ host: String) -> Bool {
    let host = host.lowercased()
    if ["localhost", "::1", "0:0:0:0:0:0:0:1"].contains(host) { return true }
    return host.wholeMatch(of: /(::ffff:)?127(\.[0-9]{1,3}){1,3}/) != nil
  }
}
