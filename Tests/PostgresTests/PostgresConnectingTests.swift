import Foundation
import Postgres
import TestKit
import Testing
import Vocabulary

@Suite("Connecting to PostgreSQL")
struct PostgresConnectingTests {
  /// A loopback socket that accepts connections into its backlog and never says a word.
  private final class Mute {
    let descriptor: Int32
    let port: Int

    init(listening: Bool) throws {
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let descriptor = descriptor
      let status = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, length) | getsockname(descriptor, $0, &length)
        }
      }
      try #require(status == 0)
      port = Int(UInt16(bigEndian: address.sin_port))
      if listening { try #require(listen(descriptor, 4) == 0) }
    }

    deinit { close(descriptor) }
  }

  @Test("a server that never answers costs no more than the deadline")
  func silentServer() throws {
    let mute = try Mute(listening: true)
    let address = try PostgresAddress("postgresql://u:pw@127.0.0.1:\(mute.port)/d")
    let error = #expect(throws: PostgresError.self) {
      try PostgresSession(connectingTo: address, applicationName: "t", deadline: .after(.milliseconds(200)))
    }
    #expect(error?.code == .timedOut)
  }

  @Test("a port where nobody listens is unavailable at once")
  func closedPort() throws {
    let mute = try Mute(listening: false)
    let address = try PostgresAddress("postgresql://u:pw@127.0.0.1:\(mute.port)/d")
    let error = #expect(throws: PostgresError.self) {
      try PostgresSession(connectingTo: address, applicationName: "t", deadline: .after(.seconds(20)))
    }
    #expect(error?.code == .unavailable)
    #expect(error?.isRetryable == true)
  }

  @Test("no error, description or address repeats a password")
  func secretsStayOut() throws {
    let broken = #expect(throws: PostgresError.self) { try PostgresAddress("postgresql://u:hush-hush@[::1/d") }
    #expect(broken?.code == .badAddress)
    #expect(broken.map { "\($0)".contains("hush") } == false)

    let database = try TestDatabase.fresh()
    let port = try #require(try database.session().query("SHOW port").first?.value("port") as String?)
    let address = try PostgresAddress("postgresql://retrain:hush-hush@127.0.0.1:\(port)/\(database.name)")
    #expect("\(address)" == "retrain@127.0.0.1:\(port)/\(database.name)")
    #expect("\(address)".contains("hush") == false)
    // A server given from outside may trust its loopback; ours asks for the password.
    if ProcessInfo.processInfo.environment["RETRAIN_TEST_DATABASE_URL"] == nil {
      let refused = #expect(throws: PostgresError.self) {
        try PostgresSession(connectingTo: address, applicationName: "t", deadline: .after(.seconds(20)))
      }
      #expect(refused?.code == .refused)
      #expect(refused?.isRetryable == false)
      #expect(refused.map { "\($0)".contains("hush") } == false)
    }
  }

  /// A password with a character that a URI has to escape: libpq takes parts of it for port, host or database.
  @Test(
    "a password that tears the URI apart is not quoted",
    arguments: ["S3CRET/pw", "12/S3CRET", "p@S3CRET", "p?p@S3CRET", "S3CRET/p?w", "12/S3CRET?w"])
  func tornPassword(password: String) {
    for scheme in ["postgresql", "postgres"] {
      let error = #expect(throws: PostgresError.self) {
        _ = try PostgresSession(
          connectingTo: PostgresAddress("\(scheme)://atk:\(password)@127.0.0.1:1/d"), applicationName: "t",
          deadline: .after(.seconds(20)))
      }
      #expect(error?.code == .badAddress)
      #expect(error.map { "\($0)".contains("S3") } == false)
    }
    let port = #expect(throws: PostgresError.self) { try PostgresAddress("host=h port=S3CRET") }
    #expect(port.map { "\($0)".contains("S3") } == false)
  }

  @Test(
    "what is right in a URI is taken",
    arguments: [
      "postgresql://u:p%40%2F@h:5/d", "postgres://h/d?application_name=a@b", "postgresql:///d?host=/tmp",
      "postgresql://u@h:1,i:2/d", "postgresql://u@h,i/d", "postgresql://u:p@[::1]:5/d", "postgresql://%2Ftmp/d",
      "postgresql://u:p?q@h/d", "postgresql://u:p:q@h/d", "host=h password='a@b/c'",
    ])
  func rightAddress(text: String) throws { _ = try PostgresAddress(text) }

  @Test("an address keeps its settings when only the database changes")
  func anotherDatabase() throws {
    let address = try PostgresAddress("postgresql://u:it's@h:5/d?sslmode=disable").withDatabase("e")
    #expect("\(address)" == "u@h:5/e")
    let again = try PostgresAddress(address.connectionString)
    let words = { (address: PostgresAddress) in address.connectionString.split(separator: " ").sorted() }
    #expect(words(again) == words(address))
    #expect(again.connectionString.contains(#"password='it\'s'"#))
  }
}
