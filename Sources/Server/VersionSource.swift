package import Health
package import Registry

/// Where versions come from and reports go: the registry, or a test's stand-in. Any thread.
package protocol VersionSource: Sendable {
  /// The versions that answer, or may have to in a moment.
  func servingVersions() async throws -> ServingVersions
  func state(ofCheckpoint checkpoint: Int64) async throws -> [UInt8]
  /// `DataContract.text` of what the checkpoint was learned under; nil: it is older than contracts.
  func contract(ofCheckpoint checkpoint: Int64) async throws -> String?
  func health(ofCheckpoint checkpoint: Int64) async throws -> [LayerHealth]
  /// What the stream has said by key of late, in the lineage of a checkpoint; nil: nothing, or nothing newer than at `known`.
  func newestMemory(alongside checkpoint: Int64, after known: Int64?) async throws -> LineageMemory?
  func report(_ report: ServerReport) async throws
  /// The server stops: nobody is to look for it there.
  func withdraw(serverID: String) async throws
  /// Calls `body` whenever something about versions may have changed, until cancelled. It may miss changes: whoever
  /// listens also looks from time to time.
  func eachChange(_ body: @Sendable () -> Void) async throws
  func close() async
}
