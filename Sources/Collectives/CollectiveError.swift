public import Vocabulary

/// Why ranks could not agree. After one, the collective is closed: the generation has ended.
public struct CollectiveError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: String, Sendable, Hashable, Codable {
    /// The peer's link ended: its process is gone, or it gave the generation up.
    case peerLost = "peer_lost"
    /// The deadline passed with the peer silent.
    case timedOut = "timed_out"
    /// A newer generation exists.
    case fenced
    /// The peer does not hold the generation's secret, expects another rank or world, or ciphers the link in another way.
    case refused
    /// What arrived is not what this exchange sends: other size, other step, too large.
    case protocolViolation = "protocol_violation"
    /// What arrived is not what the peer sent: somebody on the way changed, left out or repeated something.
    case tampered
    /// The address cannot be listened on or dialled.
    case unavailable
    /// The collective was closed before.
    case closed
  }

  public let code: Code
  /// The rank that the error is about, where one is known.
  public let peer: Rank?
  public let generation: Generation?
  public let reason: String

  public init(_ code: Code, peer: Rank? = nil, generation: Generation? = nil, reason: String) {
    self.code = code
    self.peer = peer
    self.generation = generation
    self.reason = reason
  }

  public var description: String {
    var text = "collective \(code.rawValue)"
    if let peer { text += ", rank \(peer)" }
    if let generation { text += ", generation \(generation)" }
    return text + ": " + reason
  }
}
