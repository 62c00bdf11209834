import Foundation
import Health

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

/// What a server tells about itself, again and again.
package struct ServerReport: Sendable, Hashable {
  package struct Outputs: Sendable, Hashable {
    package var version: Int64
    package var requests: Int64
    package var nonFinite: Int64

    package init(version: Int64, requests: Int64, nonFinite: Int64) {
      self.version = version
      self.requests = requests
      self.nonFinite = nonFinite
    }
  }

  package var serverID: String
  package var address: String
  package var port: Int
  package var version: Int64?
  package var requests: Int64
  package var failures: Int64
  package var nonFinite: Int64
  package var outputs: [Outputs]
}

/// Where versions come from and reports go: the registry, or a test's stand-in. Any thread.
package protocol VersionSource: Sendable {
  /// The stable version; nil: none yet, or none any more.
  func stableVersion() async throws -> StableVersion?
  func state(ofCheckpoint checkpoint: Int64) async throws -> [UInt8]
  func health(ofCheckpoint checkpoint: Int64) async throws -> [LayerHealth]
  func report(_ report: ServerReport) async throws
  /// The server stops: nobody is to look for it there.
  func withdraw(serverID: String) async throws
  /// Something about versions changed. May miss changes: whoever listens also looks from time to time.
  func changes() async throws -> AsyncStream<Void>
  func close() async
}
