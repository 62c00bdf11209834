import Confinement
import Foundation
import Postgres
import Testing
import Vocabulary

@Suite("A private cluster", .serialized)
struct PrivateClusterTests {
  /// A folder of its own, gone afterwards with the cluster in it.
  ///
  /// On a thread of its own: starting a server blocks for seconds, and the tests beside it need theirs.
  private func withFolder(_ body: @escaping @Sendable (String) throws -> Void) async throws {
    let folder =
      FileManager.default.temporaryDirectory.path + "/retrain-cluster-\(getpid())-\(UInt32.random(in: 0...9999))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await onDedicatedThread(named: "cluster") { try body(folder) }
  }

  private func start(_ folder: String) throws -> PrivateCluster {
    try PrivateCluster.start(directory: folder, deadline: .after(.seconds(60)), durable: false)
  }

  private func session(_ uri: String) throws -> PostgresSession {
    try PostgresSession(connectingTo: PostgresAddress(uri), applicationName: "t", deadline: .after(.seconds(20)))
  }

  @Test("started again it is attached to, killed it recovers, stopped it is gone, and its data stay")
  func lifetime() async throws {
    try await withFolder { folder in
      // A path longer than a socket's may be.
      let directory = folder + "/" + String(repeating: "long", count: 25)
      let cluster = try start(directory)
      defer { try? cluster.destroy() }
      #expect(cluster.socketDirectory.utf8.count < 90)
      try session(cluster.uri).query("CREATE TABLE kept AS SELECT 1 AS n")
      // Commits of a cluster that is not durable may trail behind: the checkpoint is what a kill must not undo.
      try session(cluster.uri).query("CHECKPOINT")
      var status = stat()
      #expect(stat(cluster.directory + "/password", &status) == 0)
      #expect(status.st_mode & 0o777 == 0o600)

      let again = try start(directory)
      #expect(again.processID == cluster.processID)
      #expect(again.uri == cluster.uri)
      #expect(try session(again.networkURI).query("SELECT n FROM kept").count == 1)

      #expect(kill(cluster.processID, SIGKILL) == 0)
      let recovered = try start(directory)
      #expect(recovered.processID != cluster.processID)
      #expect(try session(recovered.uri).query("SELECT n FROM kept").count == 1)

      try recovered.stop()
      #expect(throws: PostgresError.self) { try session(recovered.networkURI) }
      #expect(!FileManager.default.fileExists(atPath: recovered.socketDirectory))
      #expect(try PrivateCluster.running(directory: directory) == nil)
      try recovered.stop()

      // A leftover file whose number now belongs to another program: this test.
      let leftover = "\(getpid())\n\(recovered.directory)/data\n1\n5432\n/tmp\n127.0.0.1\n0 0\nready   \n"
      try leftover.write(toFile: recovered.directory + "/data/postmaster.pid", atomically: true, encoding: .utf8)
      let last = try start(directory)
      #expect(try session(last.uri).query("SELECT n FROM kept").count == 1)
    }
  }

  @Test("several that start the same folder at once share one server")
  func concurrentStarts() async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/retrain-cluster-\(getpid())-shared"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let numbers = try await withThrowingTaskGroup(of: Int32.self) { group in
      for _ in 0..<3 {
        group.addTask {
          try await onDedicatedThread(named: "cluster") {
            try PrivateCluster.start(directory: folder, deadline: .after(.seconds(60)), durable: false).processID
          }
        }
      }
      return try await group.reduce(into: Set<Int32>()) { $0.insert($1) }
    }
    #expect(numbers.count == 1)
    try PrivateCluster.running(directory: folder)?.destroy()
  }

  @Test(
    "below a folder only root may enter, root gets a cluster elsewhere and a note that says where",
    .enabled(if: geteuid() == 0, "only root runs PostgreSQL under another account"))
  func unreachableFolder() async throws {
    try await withFolder { folder in
      try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder)
      let cluster = try start(folder + "/inner")
      defer { try? cluster.destroy() }
      #expect(cluster.directory.hasPrefix("/var/lib/retrain/"))
      let note = try String(contentsOfFile: folder + "/inner/location", encoding: .utf8)
      #expect(note == cluster.directory + "\n")
      #expect(try PrivateCluster.running(directory: folder + "/inner")?.processID == cluster.processID)
    }
  }

  @Test("its port is kept; when another program has taken it, it moves, says so and keeps the new one")
  func port() async throws {
    try await withFolder { folder in
      let first = try start(folder + "/pg")
      defer { try? first.destroy() }
      #expect(first.notice == nil)
      #expect(kill(first.processID, SIGKILL) == 0)
      let second = try start(folder + "/pg")
      #expect(second.port == first.port && second.uri == first.uri && second.notice == nil)
      try second.stop()
      let intruder = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(intruder) }
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = in_port_t(UInt16(first.port)).bigEndian
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      let isTaken = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(intruder, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && listen(intruder, 1) == 0
        }
      }
      #expect(isTaken)
      let third = try start(folder + "/pg")
      #expect(third.port != first.port)
      #expect(third.notice?.contains("port \(first.port)") == true)
      try third.stop()
      let fourth = try start(folder + "/pg")
      #expect(fourth.port == third.port && fourth.notice == nil)
    }
  }

  @Test("a folder that holds other files is left alone")
  func foreignFolder() async throws {
    try await withFolder { folder in
      try "mine".write(toFile: folder + "/thesis.txt", atomically: true, encoding: .utf8)
      let error = #expect(throws: PostgresError.self) { try start(folder) }
      #expect(error?.code == .cluster)
    }
  }
}
