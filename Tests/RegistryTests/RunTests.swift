import Foundation
import Postgres
import Registry
import Synchronization
import TestKit
import Testing
import Vocabulary

@Suite("Who runs a pipeline, and where the database is")
struct RunTests {
  private func hold(_ database: TestDatabase, _ host: String, _ number: Int32, pipeline: String = "flights") -> RunHold
  {
    RunHold(location: DatabaseLocation(uri: database.uri), pipeline: pipeline, host: host, processID: number)
  }

  @Test("one at a time runs a pipeline; whoever comes second hears who does, and since when")
  func oneAtATime() async throws {
    let database = try TestDatabase.fresh()
    let (first, second) = (hold(database, "a.example", 11), hold(database, "b.example", 22))
    let begun = Date()
    #expect(try await first.take(deadline: .after(.seconds(20))) == nil)
    #expect(try await first.take(deadline: .after(.seconds(20))) == nil, "it is kept")
    for _ in 0..<2 {
      let holder = try #require(try await second.take(deadline: .after(.seconds(20))))
      #expect(holder.host == "a.example" && holder.processID == 11)
      #expect(abs(holder.since.timeIntervalSince(begun)) < 60)
    }
    let other = hold(database, "b.example", 22, pipeline: "another")
    #expect(try await other.take(deadline: .after(.seconds(20))) == nil, "another pipeline is another's")
    // Its process dies, or the server restarts: the lock is gone with the connection.
    #expect(try database.disconnectEverybody(where: "application_name = 'retrainctl run 11 a.example'") == 1)
    let deadline = Deadline.after(.seconds(20))
    while try await second.take(deadline: deadline) != nil, !deadline.hasPassed {}
    let holder = try #require(try await first.take(deadline: .after(.seconds(20))))
    #expect(holder.processID == 22)
    await second.release()
    while try await first.take(deadline: deadline) != nil, !deadline.hasPassed {}
    #expect(!deadline.hasPassed)
    for hold in [first, other] { await hold.release() }
  }

  @Test("a registry whose connection is lost looks up where the database is by now")
  func moves() async throws {
    let (old, new) = (try await RegistryFixture.make(), try TestDatabase.fresh())
    let current = Mutex(old.database.uri)
    let registry = try await Registry.open(
      at: DatabaseLocation { current.withLock { $0 } }, applicationName: "follower", deadline: .after(.seconds(20)))
    #expect(try await registry.pipelines().map(\.name) == ["flights"])
    current.withLock { $0 = new.uri }
    #expect(try await registry.pipelines().map(\.name) == ["flights"], "a connection that works is kept")
    try old.database.disconnectEverybody(where: "application_name LIKE 'follower%'")
    #expect(await code { _ = try await registry.pipelines() } == .notMigrated, "the new one is empty")
    await registry.close()
    await old.registry.close()
  }

  @Test("a trouble is one open incident a kind, whoever tells of it, until it is over")
  func troubles() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let another = try await fixture.anotherRegistry()
    let ids = try await withThrowingTaskGroup(of: Int64.self) { group in
      for registry in [registry, another, registry, another] {
        group.addTask {
          try await registry.openTrouble(
            pipeline: pipeline, IncidentDraft(kind: "database_disk_full", severity: .error))
        }
      }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(ids.count == 1)
    let other = try await registry.openTrouble(pipeline: pipeline, IncidentDraft(kind: "broker", severity: .error))
    try await registry.openIncident(pipeline: pipeline, IncidentDraft(kind: "broker", severity: .warning))
    try await registry.closeTroubles(pipeline: pipeline, kind: "broker")
    #expect(try await registry.incident(other)?.closedAt != nil)
    let open = try await registry.incidents(pipeline: pipeline, limit: 10).filter { $0.closedAt == nil }.map(\.kind)
    #expect(open.sorted() == ["broker", "database_disk_full"], "what just happened does not end")
    let again = try await registry.openTrouble(pipeline: pipeline, IncidentDraft(kind: "broker", severity: .error))
    #expect(again > other)
    await another.close()
    await registry.close()
  }

  @Test(
    "what keeps a server from its work is said in its words, and may pass",
    arguments: [
      ("53100", "no room left on its disk"), ("53300", "no connection left"), ("25006", "read-only"),
      ("57P03", "recovering"), ("53200", "no memory"),
    ])
  func conditions(state: String, words: String) async throws {
    let fixture = try await RegistryFixture.make()
    try fixture.database.session().script(
      """
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'as a test wants it' USING ERRCODE = '\(state)'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON pipelines FOR EACH ROW EXECUTE FUNCTION refuse();
      """)
    let hasty = fixture.registry.within(.milliseconds(300))
    do {
      _ = try await hasty.register(pipeline: "x", specification: "", desiredWorkers: 1, until: nil)
      Issue.record("it was not refused")
    } catch let error as RegistryError {
      #expect(error.isRetryable && error.message.contains(words), "\(error)")
    }
    await fixture.registry.close()
  }
}
