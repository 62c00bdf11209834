public import Foundation
public import Membership
import Postgres
public import Vocabulary

/// A worker process as the registry knows it.
public struct MemberRecord: Sendable, Hashable, Codable {
  public let facts: MemberFacts
  /// Its place in the current generation; nil where it has none.
  public let rank: Rank?
  /// Whether it waits for the next generation.
  public let isWaiting: Bool
  public let status: WorkerStatus?

  public var lastSeen: Date { facts.lastSeen }

  init(_ row: PostgresRow) throws {
    facts = try MemberFacts(
      id: row.value("id"), address: row.value("address"), heldStep: row.optional("held_step"),
      joinedAt: row.value("joined_at"), lastSeen: row.value("last_seen"), work: row.optional("work_fingerprint"))
    rank = try (row.optional("rank") as Int?).map { Rank($0) }
    isWaiting = try row.value("waiting")
    // A status that an older or newer program wrote is no reason to fail.
    status = try (row.optional("status") as String?).flatMap { try? decodeJSON(WorkerStatus.self, from: $0) }
  }
}

extension Registry {
  /// Comes to the rendezvous: waits for the next generation from now on. Called again while waiting, it is a heartbeat.
  ///
  /// - Parameters:
  ///   - lineage: Which it works on: once the run has another, no generation takes it in. nil: any.
  ///   - member: Its times are not used: the database's clock is the only one that everybody shares.
  public func join(
    pipeline: Int64, run: RunID = .live, lineage: Int? = nil, _ member: MemberFacts
  ) async throws {
    try await transaction { session in
      let rows = try session.query(
        """
        WITH before AS (SELECT waiting FROM members WHERE pipeline_id = $1 AND id = $2)
        INSERT INTO members (pipeline_id, id, address, held_step, work_fingerprint, run, lineage)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (pipeline_id, id) DO UPDATE SET address = EXCLUDED.address, held_step = EXCLUDED.held_step,
          work_fingerprint = EXCLUDED.work_fingerprint, run = EXCLUDED.run, lineage = EXCLUDED.lineage,
          joined_at = CASE WHEN members.waiting THEN members.joined_at ELSE now() END,
          waiting = true, last_seen = now()
        RETURNING coalesce((SELECT waiting FROM before), false) AS was_waiting
        """,
        [
          .int(pipeline), .text(member.id), .text(member.address), .maybe(member.heldStep), .maybe(member.work),
          .integer(run.rawValue), lineage.map { .integer($0) } ?? .null,
        ])
      // A heartbeat is no news.
      if try !rows[0].value("was_waiting") { try session.announce(.member, pipeline: pipeline) }
    }
  }

  /// A generation contains the member, and it goes there: nobody waits for it any more. It may have joined once more while the
  /// generation formed.
  public func arrive(pipeline: Int64, member id: String) async throws {
    try await perform { session in
      _ = try session.query(
        "UPDATE members SET waiting = false WHERE pipeline_id = $1 AND id = $2 AND waiting",
        [.int(pipeline), .text(id)])
    }
  }

  /// Says that a member lives, and how it is.
  ///
  /// - Throws: `notFound` when it is no member (any more): it must join again.
  public func heartbeat(pipeline: Int64, member id: String, heldStep: Int64?, status: WorkerStatus) async throws {
    let text = try encodeJSON(status.finite)
    try await perform { session in
      let rows = try session.query(
        """
        UPDATE members SET last_seen = now(), held_step = $3, status = $4 WHERE pipeline_id = $1 AND id = $2
        """, [.int(pipeline), .text(id), .maybe(heldStep), .jsonText(text)])
      guard rows.affected == 1 else { throw RegistryError(.notFound, "\(id) is not a member of the group") }
    }
  }

  /// Goes for good. Nobody waits for this member any more.
  public func leave(pipeline: Int64, member id: String) async throws {
    try await transaction { session in
      try session.query("DELETE FROM members WHERE pipeline_id = $1 AND id = $2", [.int(pipeline), .text(id)])
      try session.announce(.member, pipeline: pipeline)
    }
  }

  /// Every member of a run, the ranks of the current generation first.
  ///
  /// - Parameter silence: Only those seen within it; nil: all that are remembered.
  public func members(
    pipeline: Int64, run: RunID = .live, silence: Duration? = nil
  ) async throws -> [MemberRecord] {
    try await perform { session in
      try session.query(
        """
        SELECT m.*, g.rank FROM members m
        JOIN run_heads h ON h.pipeline_id = m.pipeline_id AND h.run = m.run
        LEFT JOIN generation_members g
          ON g.pipeline_id = m.pipeline_id AND g.run = m.run AND g.generation = h.generation AND g.member_id = m.id
        WHERE m.pipeline_id = $1 AND m.run = $3
          AND ($2::double precision IS NULL OR m.last_seen > now() - make_interval(secs => $2))
        ORDER BY g.rank NULLS LAST, m.joined_at, m.id
        """, [.int(pipeline), .maybe(silence?.seconds), .integer(run.rawValue)]
      ).map(MemberRecord.init)
    }
  }
}
