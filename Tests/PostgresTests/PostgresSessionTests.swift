import Foundation
import Postgres
import TestKit
import Testing
import Vocabulary

@Suite("A PostgreSQL session")
struct PostgresSessionTests {
  let database: TestDatabase
  let session: PostgresSession

  init() throws {
    database = try TestDatabase.fresh()
    session = try database.session()
  }

  @Test("every kind of value comes back as it went")
  func valuesRoundTrip() throws {
    let time = Date(timeIntervalSince1970: 1_700_000_000.25)
    let rows = try session.query(
      """
      SELECT $1::bool AS b, $2::bigint AS i, $3::double precision AS d, $4::text AS t, $5::bytea AS bytes,
        $6::timestamptz AS time, $7::bigint[] AS ints, $8::jsonb ->> 'a' AS json, $9::text IS NULL AS n,
        array_length($10::text[], 1) AS texts, $11::bytea AS empty
      """,
      [
        .bool(true), .int(Int64.min), .double(-0.1), .text("né'; DROP TABLE x; --"), .bytes([0, 255, 1, 0]),
        .time(time),
        .ints([3, -4, .max]), .json(#"{"a": "x"}"#), .null, .texts(["a", "", "ü"]), .bytes([]),
      ])
    let row = try #require(rows.first)
    #expect(try row.value("b") == true)
    #expect(try row.value("i") == Int64.min)
    #expect(try row.value("d") == -0.1)
    #expect(try row.value("t") == "né'; DROP TABLE x; --")
    #expect(try row.value("bytes") == [0, 255, 1, 0] as [UInt8])
    #expect(try row.value("time") == time)
    #expect(try (row.value("ints") as PostgresInts).values == [3, -4, .max])
    #expect(try row.value("json") == "x")
    #expect(try row.value("n") == true)
    #expect(try row.value("texts") == 3)
    #expect(try row.value("empty") == [UInt8]())
  }

  @Test("nine mebibytes of bytes survive the way there and back")
  func largeBytes() throws {
    var random = SplitMix64(seed: 7)
    let bytes = (0..<(9 << 20) / 8).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
    try session.query("CREATE TEMP TABLE blobs (data bytea)")
    try session.query("INSERT INTO blobs VALUES ($1)", [.slice(bytes[...])])
    let rows = try session.query("SELECT data FROM blobs")
    let same = try rows[0].withBytes("data") { $0.elementsEqual(bytes) }
    #expect(same)
  }

  @Test("a statement past its deadline is cancelled, and the connection goes on")
  func statementDeadline() throws {
    session.deadline = .after(.milliseconds(150))
    let start = ContinuousClock.now
    let error = #expect(throws: PostgresError.self) { try session.query("SELECT pg_sleep(60)") }
    #expect(error?.code == .timedOut)
    #expect(error?.isRetryable == true)
    #expect(start.duration(to: .now) < .seconds(10))
    session.deadline = nil
    #expect(try session.query("SELECT 1 AS one").first?.value("one") == 1)
  }

  @Test("a text with a zero byte is refused before it is cut short")
  func zeroByte() throws {
    #expect(throws: PostgresError.self) { try session.query("SELECT $1::text", [.text("a\0b")]) }
  }

  @Test("what a transaction's body throws undoes it")
  func transactionRollsBack() throws {
    struct Refusal: Error {}
    try session.query("CREATE TABLE kept (n int)")
    #expect(throws: Refusal.self) {
      try session.transaction { session in
        try session.query("INSERT INTO kept VALUES (1)")
        throw Refusal()
      }
    }
    try session.transaction { try $0.query("INSERT INTO kept VALUES (2)") }
    #expect(try session.query("SELECT n FROM kept").map { try $0.value("n") } == [2])
  }

  @Test("a transaction that failed inside cannot pass for committed")
  func failedTransaction() throws {
    try session.query("CREATE TABLE kept (n int)")
    #expect(throws: PostgresError.self) {
      try session.transaction { session in
        try session.query("INSERT INTO kept VALUES (1)")
        _ = try? session.query("SELECT no_such_function()")
      }
    }
    #expect(try session.query("SELECT n FROM kept").count == 0)
  }

  @Test("a column of another type, an unknown column and a NULL are told apart")
  func wrongColumns() throws {
    let row = try #require(try session.query("SELECT 'x' AS t, NULL::int AS n").first)
    for read in [
      { _ = try row.value("t") as Int }, { _ = try row.value("u") as Int }, { _ = try row.value("n") as Int },
    ] {
      let error = #expect(throws: PostgresError.self) { try read() }
      #expect(error?.code == .unexpectedResult)
    }
    #expect(try row.optional("n") as Int? == nil)
  }

  @Test("a server that ends the connection is a lost connection, worth another try")
  func killedBackend() throws {
    try database.disconnectEverybody()
    let error = #expect(throws: PostgresError.self) { try session.query("SELECT 1") }
    #expect(error?.code == .connectionLost)
    #expect(error?.isRetryable == true)
    #expect(!session.isUsable)
  }

  @Test("a refused row is named by its constraint, and its values stay out of the error")
  func constraintError() throws {
    try session.query("CREATE TABLE secrets (word text, CONSTRAINT short CHECK (length(word) < 4))")
    let error = #expect(throws: PostgresError.self) {
      try session.query("INSERT INTO secrets VALUES ($1)", [.text("hush-hush")])
    }
    #expect(error?.code == .constraint)
    #expect(error?.constraint == "short")
    #expect(error.map { "\($0)".contains("hush") } == false)
  }
}
