import Foundation
import Postgres
import Registry
import TestKit
import Testing
import Vocabulary

@Suite("Migrations")
struct MigrationTests {
  private func open(_ database: TestDatabase) async throws -> Registry {
    try await Registry.open(uri: database.uri, applicationName: "t", deadline: .after(.seconds(20)))
  }

  @Test("the binary carries exactly the files of migrations/")
  func embedded() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../migrations")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".sql") }
    #expect(files.sorted() == Migration.all.map(\.fileName), "a line a file in Migration+All.swift")
    for migration in Migration.all {
      let text = try String(contentsOf: folder.appending(path: migration.fileName), encoding: .utf8)
      #expect(text == migration.sql, "\(migration.fileName) is another file in the program")
    }
    #expect(Migration.all.map(\.version) == Array(1...Int64(Migration.all.count)))
  }

  @Test("several processes migrate at once, and each migration is applied once")
  func concurrent() async throws {
    let database = try TestDatabase.fresh()
    let reports = try await withThrowingTaskGroup(of: MigrationReport.self) { group in
      for _ in 0..<5 {
        group.addTask {
          let registry = try await open(database)
          let report = try await registry.migrate()
          await registry.close()
          return report
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(reports.flatMap(\.applied).sorted() == Migration.all.map(\.fileName))
    #expect(reports.allSatisfy { $0.version == Int64(Migration.all.count) })
    let registry = try await open(database)
    #expect(try await registry.migrate().applied == [])
    try await registry.verifyMigrations()
    await registry.close()
  }

  @Test("an applied migration that was edited since is refused, and so is a database of a newer program")
  func refusals() async throws {
    let database = try TestDatabase.fresh()
    let registry = try await open(database)
    let first = Migration(version: 1, name: "first", sql: "CREATE TABLE one (n int)")
    let second = Migration(version: 2, name: "second", sql: "CREATE TABLE two (n int)")
    #expect(try await registry.migrate([first, second]).applied == ["0001_first.sql", "0002_second.sql"])
    let edited = Migration(version: 1, name: "first", sql: "CREATE TABLE one (n bigint)")
    #expect(await code { try await registry.migrate([edited, second]) } == .migrationChanged)
    #expect(await code { try await registry.migrate([first]) } == .fromTheFuture)
    #expect(try await registry.migrate([first, second]).applied == [])
    await registry.close()
  }

  @Test("a migration that fails leaves nothing of itself, and keeps what came before")
  func failure() async throws {
    let database = try TestDatabase.fresh()
    let registry = try await open(database)
    let good = Migration(version: 1, name: "good", sql: "CREATE TABLE one (n int)")
    let bad = Migration(version: 2, name: "bad", sql: "CREATE TABLE two (n int); SELECT no_such_thing()")
    await #expect(throws: RegistryError.self) { try await registry.migrate([good, bad]) }
    let tables = try database.session().query(
      "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    #expect(try tables.map { try $0.value("tablename") as String } == ["one", "schema_migrations"])
    await registry.close()
  }

  @Test("a database without tables says that migrations are missing")
  func notMigrated() async throws {
    let registry = try await open(try TestDatabase.fresh())
    #expect(await code { _ = try await registry.pipelines() } == .notMigrated)
    #expect(await code { try await registry.verifyMigrations() } == .notMigrated)
    await registry.close()
  }

  @Test("no column of the database takes NaN or infinity")
  func onlyFinite() async throws {
    let fixture = try await RegistryFixture.make()
    let session = try fixture.database.session()
    let columns = try session.query(
      """
      SELECT table_name, column_name, domain_name FROM information_schema.columns
      WHERE table_schema = 'public' AND data_type IN ('double precision', 'real')
      """)
    #expect(columns.count > 10)
    for column in try columns.map({ (try $0.value("table_name") as String, try $0.optional("domain_name") as String?) })
    {
      #expect(column.1 == "finite_double", "\(column.0)")
    }
    for value in [Double.nan, .infinity, -.infinity] {
      let error = #expect(throws: PostgresError.self) {
        try session.query("SELECT $1::double precision::finite_double", [.double(value)])
      }
      #expect(error?.code == .constraint)
    }
    await fixture.registry.close()
  }
}
