import Postgres
import Vocabulary

/// What `migrate` did.
public struct MigrationReport: Sendable, Hashable, Codable {
  /// The names of the migrations applied now, in order; empty when there was nothing to do.
  public let applied: [String]
  /// The number of the newest applied migration.
  public let version: Int64
}

extension Registry {
  /// Brings the database's layout up to this program's, one transaction a migration; any number of processes may call it
  /// at once.
  ///
  /// - Throws: `fromTheFuture` when the database has a migration this program does not know; `migrationChanged` when one
  ///   that was applied is not the one this program carries.
  @discardableResult
  public func migrate() async throws -> MigrationReport { try await migrate(Migration.all) }

  @discardableResult
  package func migrate(_ migrations: [Migration]) async throws -> MigrationReport {
    try await perform { session in
      // Held by the session, not a transaction: each migration commits by itself.
      try session.query("SELECT pg_advisory_lock($1)", [.int(Self.migrationLock)])
      defer { _ = try? session.query("SELECT pg_advisory_unlock($1)", [.int(Self.migrationLock)]) }
      try session.query(
        """
        CREATE TABLE IF NOT EXISTS schema_migrations (
          version bigint PRIMARY KEY,
          name text NOT NULL,
          checksum text NOT NULL,
          applied_at timestamptz NOT NULL DEFAULT now()
        )
        """)
      let known = try Self.verifyApplied(session, against: migrations)
      var applied: [String] = []
      for migration in migrations where !known.contains(migration.version) {
        try session.transaction { session in
          try session.script(migration.sql)
          try session.query(
            "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)",
            [.int(migration.version), .text(migration.name), .text(migration.checksum)])
        }
        applied.append(migration.fileName)
      }
      return MigrationReport(applied: applied, version: migrations.map(\.version).max() ?? 0)
    }
  }

  /// Refuses a database whose layout is not this program's, without changing anything.
  ///
  /// - Throws: `notMigrated`, `fromTheFuture`, `migrationChanged`.
  public func verifyMigrations() async throws {
    try await perform { session in
      let known = try Self.verifyApplied(session, against: Migration.all)
      if let missing = Migration.all.first(where: { !known.contains($0.version) }) {
        throw RegistryError(.notMigrated, "migration \(missing.fileName) has not been applied")
      }
    }
  }

  /// "retrain" in ASCII.
  private static let migrationLock: Int64 = 0x72_6574_7261_696E

  private static func verifyApplied(
    _ session: PostgresSession, against migrations: [Migration]
  ) throws -> Set<Int64> {
    let rows = try session.query("SELECT version, name, checksum FROM schema_migrations ORDER BY version")
    var known: Set<Int64> = []
    for index in 0..<rows.count {
      let version: Int64 = try rows[index].value("version")
      let name: String = try rows[index].value("name")
      guard let ours = migrations.first(where: { $0.version == version }) else {
        throw RegistryError(
          .fromTheFuture,
          "the database has migration \(version) (\(name)), and this program knows only "
            + "\(migrations.map(\.version).max() ?? 0): use the newer program")
      }
      let checksum: String = try rows[index].value("checksum")
      guard checksum == ours.checksum else {
        throw RegistryError(
          .migrationChanged, "migration \(ours.fileName) was edited after it had been applied to this database")
      }
      known.insert(version)
    }
    return known
  }
}
