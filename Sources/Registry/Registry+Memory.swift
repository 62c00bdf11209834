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
  /// Where learning has gone on from that lineage in another, after a rewind or a restore, it is that one's: memory has no version.
  /// Of the checkpoint that learning goes on from, so that it is never of records that are learned once more.
  ///
  /// - Parameter known: The checkpoint whose memory is held already: it is not read again.
  /// - Returns: nil: nothing is remembered, or nothing newer.
  /// - Throws: `damaged` when the bytes are not those that were saved.
  public func newestMemory(alongside checkpoint: Int64, after known: Int64? = nil) async throws -> LineageMemory? {
    try await bulkLink.perform(patience: patience) { session in
      let rows = try session.query(
        """
        WITH RECURSIVE own AS (
          SELECT c.pipeline_id, c.lineage, p.lineage AS head FROM checkpoints c JOIN pipelines p ON p.id = c.pipeline_id
          WHERE c.id = $1
        ), line AS (
          SELECT head AS number FROM own
          UNION SELECT c.lineage FROM own CROSS JOIN line
          JOIN lineages l ON l.pipeline_id = own.pipeline_id AND l.number = line.number
          JOIN checkpoints c ON c.id = l.origin
        ), places AS (
          SELECT pipeline_id, head AS lineage, 0 AS turn FROM own WHERE lineage IN (SELECT number FROM line)
          UNION ALL SELECT pipeline_id, lineage, 1 FROM own)
        SELECT newest.id, newest.created_at, newest.memory, newest.memory_sha256 FROM (
          SELECT found.* FROM places, LATERAL (
            SELECT id, created_at, memory, memory_sha256 FROM checkpoints c
            WHERE c.pipeline_id = places.pipeline_id AND c.lineage = places.lineage AND has_state
              AND non_finite_parameter IS NULL
            ORDER BY step DESC, id DESC LIMIT 1) AS found
          ORDER BY places.turn LIMIT 1) AS newest
        WHERE newest.id IS DISTINCT FROM $2
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
