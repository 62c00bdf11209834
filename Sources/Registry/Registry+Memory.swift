import Cryptography
import Postgres

/// What a lineage has been told by key, and up to which checkpoint.
public struct LineageMemory: Sendable, Hashable {
  public let checkpoint: Int64
  /// As the model's memory encodes it.
  public let state: [UInt8]
}

extension Registry {
  /// What the stream had said by key at a checkpoint, checked against its digest; nil: its model remembers nothing.
  ///
  /// - Throws: `notFound` when there is no such checkpoint or its state was pruned; `damaged` when the bytes are not those
  ///   that were saved.
  public func memory(of checkpoint: Int64) async throws -> [UInt8]? {
    try await bulkLink.perform(patience: patience) { session in
      let rows = try session.query(
        "SELECT id, has_state, memory, memory_sha256 FROM checkpoints WHERE id = $1", [.int(checkpoint)])
      guard let row = rows.first else {
        throw RegistryError(.notFound, "there is no checkpoint with number \(checkpoint)")
      }
      guard try row.value("has_state") else {
        throw RegistryError(.notFound, "the state of checkpoint \(checkpoint) was pruned")
      }
      return try LineageMemory(row)?.state
    }
  }

  /// The newest memory of a lineage: what every version of it reads, however old its weights are. nil: nothing is remembered.
  ///
  /// Of the checkpoint that learning goes on from, so that it is never of records that are learned once more.
  ///
  /// - Throws: `damaged` when the bytes are not those that were saved.
  public func newestMemory(pipeline: Int64, lineage: Int) async throws -> LineageMemory? {
    try await bulkLink.perform(patience: patience) { session in
      let rows = try session.query(
        """
        SELECT id, memory, memory_sha256 FROM checkpoints
        WHERE pipeline_id = $1 AND lineage = $2 AND has_state AND non_finite_parameter IS NULL
        ORDER BY step DESC, id DESC LIMIT 1
        """, [.int(pipeline), .integer(lineage)])
      return try rows.first.flatMap { try LineageMemory($0) }
    }
  }
}

extension LineageMemory {
  /// nil: the checkpoint has none.
  fileprivate init?(_ row: PostgresRow) throws {
    checkpoint = try row.value("id")
    guard let digest: [UInt8] = try row.optional("memory_sha256") else { return nil }
    state = try row.optional("memory") ?? []
    guard SHA256.digest(of: state) == digest else {
      throw RegistryError(.damaged, "the memory of checkpoint \(checkpoint) is not what was saved")
    }
  }
}
