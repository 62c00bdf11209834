import Foundation
import Postgres
import TestKit
import Testing
import Vocabulary

@Suite("A PostgreSQL connection on its own thread")
struct PostgresConnectionTests {
  let database: TestDatabase

  init() throws { database = try TestDatabase.fresh() }

  private func connect() async throws -> PostgresConnection {
    try await PostgresConnection.connect(database.uri, applicationName: "t", deadline: .after(.seconds(20)))
  }

  @Test("pieces of work from many tasks run one after the other, whole")
  func serialWork() async throws {
    let connection = try await connect()
    try await connection.perform { _ = try $0.query("CREATE TABLE counter AS SELECT 0 AS n") }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<20 {
        group.addTask {
          try await connection.transaction { session in
            let n: Int = try session.query("SELECT n FROM counter")[0].value("n")
            try session.query("UPDATE counter SET n = $1", [.integer(n + 1)])
          }
        }
      }
      try await group.waitForAll()
    }
    let total = try await connection.perform { try $0.query("SELECT n FROM counter")[0].value("n") as Int }
    #expect(total == 20)
    await connection.close()
  }

  @Test("notifications arrive in order, only from the channel listened to")
  func notifications() async throws {
    let listener = try await connect()
    let speaker = try await connect()
    let stream = try await listener.notifications(on: "news", deadline: .after(.seconds(20)))
    try await speaker.perform { session in
      for word in ["one", "two"] {
        try session.query("SELECT pg_notify('other', $1)", [.text(word)])
        try session.query("SELECT pg_notify('news', $1)", [.text(word)])
      }
    }
    var heard: [String] = []
    for await notification in stream {
      #expect(notification.channel == "news")
      heard.append(notification.payload)
      if heard.count == 2 { break }
    }
    #expect(heard == ["one", "two"])
    await listener.close()
    await speaker.close()
  }

  @Test("a stream of notifications ends when its connection is lost")
  func streamEnds() async throws {
    let listener = try await connect()
    let stream = try await listener.notifications(on: "news", deadline: .after(.seconds(20)))
    try database.disconnectEverybody()
    var count = 0
    for await _ in stream { count += 1 }
    #expect(count == 0)
    await listener.close()
  }

  @Test("a lost connection can be opened again, and says so")
  func reopen() async throws {
    let connection = try await connect()
    #expect(try await connection.reopen(deadline: .after(.seconds(20))) == false)
    try database.disconnectEverybody()
    await #expect(throws: PostgresError.self) { try await connection.perform { _ = try $0.query("SELECT 1") } }
    #expect(try await connection.reopen(deadline: .after(.seconds(20))) == true)
    #expect(try await connection.perform { try $0.query("SELECT 1 AS one")[0].value("one") as Int } == 1)
    await connection.close()
    let error = await #expect(throws: PostgresError.self) { try await connection.perform { _ in } }
    #expect(error?.code == .closed)
  }

  @Test("a transaction whose server process dies leaves nothing behind")
  func killedInMidTransaction() async throws {
    let connection = try await connect()
    let database = database
    try await connection.perform { _ = try $0.query("CREATE TABLE kept (n int)") }
    await #expect(throws: PostgresError.self) {
      try await connection.transaction { session in
        try session.query("INSERT INTO kept VALUES (1)")
        try database.disconnectEverybody()
      }
    }
    #expect(try database.session().query("SELECT * FROM kept").count == 0)
    await connection.close()
  }
}
