import Foundation
import Vocabulary

/// What the others know of one worker process.
public struct MemberFacts: Sendable, Hashable, Codable {
  /// Unique for each start of a process, so that a restarted worker is a new member.
  public let id: String
  /// `host:port` on which it accepts the links of its peers.
  public var address: String
  /// The step whose state it has in memory; nil: none yet.
  public var heldStep: Int64?
  /// When it began to wait for the next generation.
  public var joinedAt: Date
  /// Its last heartbeat.
  public var lastSeen: Date

  public init(id: String, address: String, heldStep: Int64?, joinedAt: Date, lastSeen: Date) {
    self.id = id
    self.address = address
    self.heldStep = heldStep
    self.joinedAt = joinedAt
    self.lastSeen = lastSeen
  }
}
