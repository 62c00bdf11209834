import Cryptography
import Foundation
public import Membership
import Postgres
public import Vocabulary

/// A generation as it was formed: who belongs to it, in rank order, and the secret by which they know each other.
public struct GenerationRecord: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
  public let plan: GenerationPlan
  /// 32 random bytes. Never shown.
  public let secret: [UInt8]

  public var generation: Generation { plan.generation }
  public var members: [MemberFacts] { plan.members }

  public var description: String { "generation \(generation) of \(members.count)" }
  public var customMirror: Mirror { Mirror(self, children: ["plan": plan]) }
}

extension Registry {
  /// Forms the next generation if the rules say that its time has come; nil while it is better to wait.
  ///
  /// Any number of members may ask at once; one of them forms it. From then on whoever writes with an older one is refused.
  /// Members that work on another lineage than the run's are not there.
  ///
  /// - Parameters:
  ///   - grace: How long the first that waits waits for the others.
  ///   - silence: Members not seen for so long are taken for dead.
  public func formGeneration(
    pipeline: Int64, run: RunID = .live, desired: Int, grace: Duration, silence: Duration = .seconds(10)
  ) async throws -> GenerationRecord? {
    try await transaction { session in
      let current = try session.generationRecord(pipeline, run, number: session.lock(run, of: pipeline))
      // Long dead: nobody asks for them any more.
      try session.query(
        "DELETE FROM members WHERE pipeline_id = $1 AND last_seen < now() - interval '1 hour'", [.int(pipeline)])
      let rows = try session.query(
        """
        SELECT m.*, NULL::int AS rank, clock_timestamp() AS now, h.work_fingerprint AS work,
          m.last_seen > now() - make_interval(secs => $2) AS alive
        FROM members m JOIN run_heads h ON h.pipeline_id = m.pipeline_id AND h.run = m.run
        WHERE m.pipeline_id = $1 AND m.run = $3 AND (m.lineage IS NULL OR m.lineage = h.lineage)
        """, [.int(pipeline), .double(silence.seconds), .integer(run.rawValue)])
      guard let now = try rows.first?.value("now") as Date? else { return nil }
      let members = try rows.map { (try MemberRecord($0), try $0.value("alive") as Bool) }
      let running = Set(members.filter { $0.1 && !$0.0.isWaiting }.map(\.0.facts.id))
      let plan = Rendezvous.decide(
        current: current?.plan, waiting: members.filter(\.0.isWaiting).map(\.0.facts), running: running,
        desired: desired, grace: grace, silence: silence, work: try rows.first?.optional("work"), now: now)
      guard let plan else { return nil }
      let record = GenerationRecord(plan: plan, secret: randomBytes(32))
      try session.store(record, pipeline, run)
      try session.announce(.generation, pipeline: pipeline, number: plan.generation.rawValue)
      return record
    }
  }

  /// The run's current generation, if `member` belongs to it and it is newer than `after`.
  public func generation(
    pipeline: Int64, run: RunID = .live, containing member: String, after: Generation? = nil
  ) async throws -> GenerationRecord? {
    try await perform { session in
      let number = try session.head(of: run, pipeline).generation
      if let after, number <= after { return nil }
      guard let record = try session.generationRecord(pipeline, run, number: number) else { return nil }
      return record.plan.rank(of: member) == nil ? nil : record
    }
  }

  /// The current generation's plan, without its secret; nil before the first.
  public func currentPlan(pipeline: Int64, run: RunID = .live) async throws -> GenerationPlan? {
    try await perform { session in
      let rows = try session.query(
        "SELECT generation FROM run_heads WHERE pipeline_id = $1 AND run = $2",
        [.int(pipeline), .integer(run.rawValue)])
      guard let row = rows.first else { return nil }
      return try session.generationRecord(pipeline, run, number: Generation(try row.value("generation")))?.plan
    }
  }
}

extension PostgresSession {
  fileprivate func generationRecord(
    _ pipeline: Int64, _ run: RunID, number: Generation
  ) throws -> GenerationRecord? {
    let rows = try query(
      """
      SELECT g.secret, m.member_id, m.address, m.held_step, m.joined_at, m.last_seen
      FROM generations g JOIN generation_members m
        ON m.pipeline_id = g.pipeline_id AND m.run = g.run AND m.generation = g.number
      WHERE g.pipeline_id = $1 AND g.number = $2 AND g.run = $3 ORDER BY m.rank
      """, [.int(pipeline), .int(number.rawValue), .integer(run.rawValue)])
    guard let first = rows.first else { return nil }
    let members = try rows.map { row in
      try MemberFacts(
        id: row.value("member_id"), address: row.value("address"), heldStep: row.optional("held_step"),
        joinedAt: row.value("joined_at"), lastSeen: row.value("last_seen"))
    }
    return GenerationRecord(
      plan: GenerationPlan(generation: number, members: members), secret: try first.value("secret"))
  }

  fileprivate func store(_ record: GenerationRecord, _ pipeline: Int64, _ run: RunID) throws {
    let number = PostgresValue.int(record.generation.rawValue)
    try query(
      "INSERT INTO generations (pipeline_id, number, secret, run) VALUES ($1, $2, $3, $4)",
      [.int(pipeline), number, .bytes(record.secret), .integer(run.rawValue)])
    for (rank, member) in record.members.enumerated() {
      try query(
        """
        INSERT INTO generation_members
          (pipeline_id, generation, rank, member_id, address, held_step, joined_at, last_seen, run)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        [
          .int(pipeline), number, .integer(rank), .text(member.id), .text(member.address), .maybe(member.heldStep),
          .time(member.joinedAt), .time(member.lastSeen), .integer(run.rawValue),
        ])
    }
    try query(
      "UPDATE members SET waiting = false WHERE pipeline_id = $1 AND id = ANY($2)",
      [.int(pipeline), .texts(record.members.map(\.id))])
    try set(record.generation, of: run, pipeline)
  }
}
