import Cryptography
public import Foundation
import Postgres

/// What the numbers of a model mean, as the registry keeps it: once for all checkpoints that were learned under it.
public struct ContractRecord: Sendable, Hashable, Codable {
  public let id: Int64
  /// SHA-256 of the text, in hexadecimal.
  public let fingerprint: String
  /// `DataContract.text`.
  public let text: String
  /// The YAML text that first said so.
  public let specification: String
  public let createdAt: Date

  init(_ row: PostgresRow) throws {
    id = try row.value("id")
    fingerprint = try row.value("fingerprint")
    text = try row.value("contract")
    specification = try row.value("specification")
    createdAt = try row.value("created_at")
  }

  /// - Returns: SHA-256, in hexadecimal.
  public static func fingerprint(of text: String) -> String { SHA256.digest(of: Array(text.utf8)).hexadecimal }
}

extension Registry {
  /// The contract that a checkpoint was learned under.
  ///
  /// - Returns: nil: the checkpoint is older than contracts.
  public func contract(ofCheckpoint checkpoint: Int64) async throws -> ContractRecord? {
    try await perform { session in
      try session.query(
        "SELECT c.* FROM contracts c JOIN checkpoints p ON p.contract_id = c.id WHERE p.id = $1", [.int(checkpoint)]
      ).first.map(ContractRecord.init)
    }
  }

  /// Gives the checkpoints that are older than contracts the one that the pipeline's specification says, which is all that
  /// is known of them; to be called before that changes.
  ///
  /// - Returns: How many checkpoints there were.
  @discardableResult
  public func adoptContract(pipeline: Int64, text: String) async throws -> Int {
    try await transaction { session in
      let orphans = "FROM checkpoints WHERE pipeline_id = $1 AND contract_id IS NULL"
      guard try session.query("SELECT 1 \(orphans) LIMIT 1", [.int(pipeline)]).count > 0 else { return 0 }
      let id = try session.keepContract(text, pipeline: pipeline)
      return try session.query(
        "UPDATE checkpoints SET contract_id = $2 WHERE pipeline_id = $1 AND contract_id IS NULL",
        [.int(pipeline), .int(id)]
      ).affected
    }
  }
}

extension PostgresSession {
  /// The number of a contract, kept from now on if it is new.
  func keepContract(_ text: String, pipeline: Int64) throws -> Int64 {
    let fingerprint = PostgresValue.text(ContractRecord.fingerprint(of: text))
    let known = "SELECT id FROM contracts WHERE pipeline_id = $1 AND fingerprint = $2"
    if let row = try query(known, [.int(pipeline), fingerprint]).first { return try row.value("id") }
    try query(
      """
      INSERT INTO contracts (pipeline_id, fingerprint, contract, specification)
      SELECT id, $2, $3, specification FROM pipelines WHERE id = $1
      ON CONFLICT ON CONSTRAINT one_contract_a_fingerprint DO NOTHING
      """, [.int(pipeline), fingerprint, .text(text)])
    return try query(known, [.int(pipeline), fingerprint])[0].value("id")
  }
}
