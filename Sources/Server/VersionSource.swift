package import Foundation
package import Health
package import Registry

/// The version that serves, as the tables have it.
package struct StableVersion: Sendable, Hashable {
  package var number: Int64
  package var checkpoint: Int64
  package var since: Date

  package init(number: Int64, checkpoint: Int64, since: Date) {
    self.number = number
    self.checkpoint = checkpoint
    self.since = since
  }
}

/// Where versions come from and reports go: the registry, or a test's stand-in. Any thread.
package protocol VersionSource: Sendable {
  /// The stable version; nil: none yet, or none any more.
  func stableVersion() async throws -> StableVersion?
  func state(ofCheckpoint checkpoint: Int64) async throws -> [UInt8]
  /// `DataContract.text` of what the checkpoint was learned under; nil: it is older than contracts.
  func contract(ofCheckpoint checkpoint: Int64) async throws -> String?
  func health(ofCheckpoint checkpoint: Int64) async throws -> [LayerHealth]
  func report(_ report: ServerReport) async throws
  /// The server stops: nobody is to look for it there.
  func withdraw(serverID: String) async throws
  /// Calls `body` whenever something about versions may have changed, until cancelled. It may miss changes: whoever
  /// listens also looks from time to time.
  func eachChange(_ body: @Sendable () -> Void) async throws
  func close() async
}
