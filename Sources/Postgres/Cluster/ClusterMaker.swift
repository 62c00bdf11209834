import Foundation
import Vocabulary

/// Makes the data of a private cluster and starts its server.
struct ClusterMaker {
  let layout: ClusterLayout
  let account: ClusterAccount
  let binaries: ClusterBinaries
  let durable: Bool

  /// Makes the data beside its place and moves it there when complete: an interrupted attempt leaves nothing half made.
  func initialize(deadline: Deadline) throws {
    try? FileManager.default.removeItem(atPath: layout.unfinishedData)
    try writePassword()
    var arguments = [
      "-D", layout.unfinishedData, "--username=\(PrivateCluster.user)", "--pwfile=\(layout.password)",
      "--auth-local=scram-sha-256", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions",
    ]
    arguments.append(durable ? "--data-checksums" : "--no-sync")
    let outcome = try account.run(binaries.initdb, arguments, deadline: deadline)
    guard outcome.status == 0 else {
      throw PostgresError(.cluster, "initdb failed: \(outcome.output.suffix(600))")
    }
    let main = layout.unfinishedData + "/postgresql.conf"
    guard let file = FileHandle(forWritingAtPath: main) else {
      throw PostgresError(.cluster, "\(main) cannot be written")
    }
    defer { try? file.close() }
    _ = try file.seekToEnd()
    try file.write(contentsOf: Data("\ninclude 'retrain.conf'\n".utf8))
    try FileManager.default.moveItem(atPath: layout.unfinishedData, toPath: layout.data)
  }

  private func writePassword() throws {
    var source = SystemRandomNumberGenerator()
    let digits = Array("0123456789abcdef")
    let secret = String((0..<48).map { _ in digits[Int.random(in: 0..<16, using: &source)] })
    try ClusterLayout.write(secret + "\n", to: layout.password)
    try account.take(layout.password)
  }

  /// Starts the server on the loopback port that it had, or on a free one; when another program has taken that, on another.
  ///
  /// - Returns: That it had to move, in words; nil: it is where it was, or new.
  func startServer(deadline: Deadline) throws -> String? {
    try prepareSocketDirectory()
    var lastWords = ""
    let kept = keptPort
    for attempt in 0..<4 where attempt == 0 || !deadline.hasPassed {
      let port =
        try attempt == 0
        ? kept.flatMap { LoopbackPort.isFree($0) ? $0 : nil } ?? LoopbackPort.choose()
        : LoopbackPort.choose()
      try writeSettings(port: port)
      unlink(layout.log)
      let seconds = max(1, Int(deadline.remaining.seconds))
      let outcome = try account.run(
        binaries.control, ["start", "-D", layout.data, "-l", layout.log, "-w", "-t", String(seconds)],
        deadline: .after(.seconds(seconds + 2)))
      if outcome.status == 0 {
        guard let kept, kept != port else { return nil }
        return "another program has taken port \(kept) of the private database; it listens on \(port) from now on"
      }
      let log = (try? String(contentsOfFile: layout.log, encoding: .utf8)) ?? ""
      lastWords = log.isEmpty ? outcome.output : log
      guard lastWords.contains("could not bind") || lastWords.contains("could not create any TCP/IP sockets") else {
        break
      }
    }
    throw PostgresError(.cluster, "the server did not start: \(Self.reason(in: lastWords))")
  }

  /// What a server's log says of its end: the line that tells why, not those that follow from it.
  static func reason(in log: String) -> String {
    if log.contains("No space left on device") {
      return "there is no room left on its disk (No space left on device); free some, and it is started again"
    }
    let lines = log.split(separator: "\n")
    let why = lines.filter { line in
      ["PANIC:", "FATAL:"].contains { line.contains($0) } && !line.contains("recovery mode")
    }
    return (why.isEmpty ? lines.suffix(4) : why.suffix(2)).joined(separator: "; ")
  }

  /// The port of the last start; nil: there was none.
  private var keptPort: Int? {
    let text = (try? String(contentsOfFile: layout.settings, encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("port = ") }
    return line.flatMap { Int($0.dropFirst("port = ".count)) }.flatMap { (1...65535).contains($0) ? $0 : nil }
  }

  private func prepareSocketDirectory() throws {
    let directory = layout.socketDirectory
    // A killed server leaves its socket, and the next one takes another port.
    for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    where name.hasPrefix(".s.PGSQL.") { unlink(directory + "/" + name) }
    guard directory != layout.directory else { return }
    try ClusterLayout.makeDirectory(directory)
    var status = stat()
    // Whoever else could write there could put a server of his own in our place.
    guard lstat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
      status.st_uid == geteuid() || status.st_uid == account.user
    else { throw PostgresError(.cluster, "\(directory), the folder for the socket, belongs to somebody else") }
    try account.take(directory)
    chmod(directory, 0o700)
  }

  private func writeSettings(port: Int) throws {
    func quote(_ text: String) -> String { "'" + text.map { $0 == "'" ? "''" : String($0) }.joined() + "'" }
    var lines = [
      "# Written at every start.",
      "listen_addresses = '127.0.0.1'",
      "port = \(port)",
      "unix_socket_directories = \(quote(layout.socketDirectory))",
      "unix_socket_permissions = 0700",
      "max_connections = 100",
      "shared_buffers = 64MB",
      "max_wal_size = 512MB",
      "jit = off",
      "max_parallel_workers_per_gather = 0",
    ]
    if !durable { lines += ["fsync = off", "synchronous_commit = off", "full_page_writes = off"] }
    do {
      try (lines.joined(separator: "\n") + "\n").write(toFile: layout.settings, atomically: true, encoding: .utf8)
    } catch { throw PostgresError(.cluster, "\(layout.settings) cannot be written: \(error.localizedDescription)") }
    try account.take(layout.settings)
    chmod(layout.settings, 0o600)
  }
}
