public import Foundation
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
  /// The digest of all that members have to agree on: data contract, training, topic; nil: not known.
  public var work: String?

  public init(id: String, address: String, heldStep: Int64?, joinedAt: Date, lastSeen: Date, work: String? = nil) {
    self.id = id
    self.address = address
    self.heldStep = heldStep
    self.joinedAt = joinedAt
    self.lastSeen = lastSeen
    self.work = work
  }

  /// Whether it does what the pipeline is to do; one that does not say is taken at its word.
  public func agrees(on work: String?) -> Bool { self.work == nil || work == nil || self.work == work }
}
