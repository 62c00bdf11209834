import Cryptography
public import Foundation
import Postgres

/// What a lineage has been told by key, and up to which checkpoint.
public struct LineageMemory: Sendable, Hashable {
  public let checkpoint: Int64
  /// When that was saved.
  public let savedAt: Date
  /// As the model's memory encodes it.
  public let state: [UInt8]

  package init(checkpoint: Int64, savedAt: Date, state: [UInt8]) {
    (self.checkpoint, self.savedAt, self.state) = (checkpoint, savedAt, state)
  }
}

extension Registry {
  /// What the stream had said by key at a checkpoint, checked against its digest; nil: its model remembers nothing.
  ///
  /// - Throws: `notFound` when there is no such checkpoint or its state was pruned; `damaged` when the bytes are not those
  ///   that were saved.
  public func memory(of checkpoint: Int64) async throws -> [UInt8]? {
    try await bulkLink.perform(patience: patience) { session in
      let rows = try session.query(
        "SELECT id, created_at, has_state, memory, memory_sha256 FROM checkpoints WHERE id = $1", [.int(checkpoint)])
      guard let row = rows.first else {
        throw RegistryError(.notFound, "there is no checkpoint with number \(checkpoint)")
      }
      guard try row.value("has_state") else {
        throw RegistryError(.notFound, "the state of checkpoint \(checkpoint) was pruned")
      }
      return try LineageMemory(row)?.state
    }
  }

  /// The newest memory of the lineage that a checkpoint is of: what every version of it reads, however old its weights are.
  ///
  /// Of the checkpoint that learning goes on from, so that it is never of records that are learned once more.
  ///
  /// - Parameter known: The checkpoint whose memory is held already: it is not read again.
  /// - Returns: nil: nothing is remembered, or nothing newer.
  /// - Throws: `damaged` when the bytes are not those that were saved.
  public func newestMemory(alongside checkpoint: Int64, after known: Int64? = nil) async throws -> LineageMemory? {
    try await bulkLink.perform(patience: patience) { session in
      let rows = try session.query(
        """
        SELECT newest.id, newest.created_at, newest.memory, newest.memory_sha256
        FROM checkpoints AS own, LATERAL (
          SELECT id, created_at, memory, memory_sha256 FROM checkpoints
          WHERE pipeline_id = own.pipeline_id AND lineage = own.lineage AND has_state AND non_finite_parameter IS NULL
          ORDER BY step DESC, id DESC LIMIT 1) AS newest
        WHERE own.id = $1 AND newest.id IS DISTINCT FROM $2
        """, [.int(checkpoint), known.map { .int($0) } ?? .null])
      return try rows.first.flatMap { try LineageMemory($0) }
    }
  }
}

extension LineageMemory {
  /// nil: the checkpoint has none.
  fileprivate init?(_ row: PostgresRow) throws {
    checkpoint = try row.value("id")
    savedAt = try row.value("created_at")
    guard let digest: [UInt8] = try row.optional("memory_sha256") else { return nil }
    state = try row.optional("memory") ?? []
    guard SHA256.digest(of: state) == digest else {
      throw RegistryError(.damaged, "the memory of checkpoint \(checkpoint) is not what was saved")
    }
  }
}
