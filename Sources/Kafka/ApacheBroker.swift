import Confinement
import Foundation
import Synchronization
public import Vocabulary

/// One Apache Kafka broker that is its own controller (KRaft), on loopback, with its data in one directory.
///
/// `home` has the layout of Apache's download. The directory keeps ports, process id and data, so that a broker is found
/// again by another process, and the same directory started again, after any end, goes on with the same address and records.
public final class ApacheBroker: Sendable {
  /// `127.0.0.1:port`.
  public let bootstrap: String
  public let directory: String
  public let processIdentifier: Int32
  /// Held open for the guard; −1 without one.
  private let guardPipe: Mutex<Int32>

  private init(bootstrap: String, directory: String, processIdentifier: Int32, guardPipe: Int32) {
    self.bootstrap = bootstrap
    self.directory = directory
    self.processIdentifier = processIdentifier
    self.guardPipe = Mutex(guardPipe)
  }

  /// Starts the broker of a directory and waits until it answers; one that runs already is used as it is.
  ///
  /// - Parameter port: For clients; nil keeps that of the last start, or takes a free one.
  /// - Parameter heap: Of the Java machine, as in `-Xmx384m`.
  /// - Parameter outlivesUs: False ends the broker when this process ends in whatever way.
  /// - Throws: `KafkaError.localBroker` with the end of its log; when Java is missing the reason says so.
  public static func start(
    home: String, directory: String, port: Int? = nil, heap: String = "384m", outlivesUs: Bool = false,
    deadline: Deadline
  ) async throws -> ApacheBroker {
    if let running = attach(directory: directory) {
      try await awaitAnswer(running.bootstrap, running.processIdentifier, running.directory, deadline)
      return running
    }
    let files = ApacheBrokerFiles(directory: directory)
    try files.prepare(home: home, port: port)
    try await onDedicatedThread(named: "kafka-format") { try format(home: home, files: files, deadline: deadline) }

    let child = try ChildProcess(
      [
        "/usr/bin/env", "LOG_DIR=\(files.directory)/logs", "KAFKA_HEAP_OPTS=-Xmx\(heap)",
        "\(home)/bin/kafka-server-start.sh", files.properties,
      ], output: files.log)
    try files.write(processIdentifier: child.identifier)
    let broker = ApacheBroker(
      bootstrap: try files.bootstrap(), directory: files.directory, processIdentifier: child.identifier,
      guardPipe: outlivesUs ? -1 : try watch(child.identifier, log: files.log))
    do {
      try await awaitAnswer(broker.bootstrap, child.identifier, files.directory, deadline)
    } catch {
      try? broker.stop(deadline: .after(.seconds(5)))
      throw error
    }
    return broker
  }

  /// The broker that runs in a directory, whoever started it; nil when none does.
  public static func attach(directory: String) -> ApacheBroker? {
    let files = ApacheBrokerFiles(directory: directory)
    guard let identifier = files.runningProcess(), let bootstrap = try? files.bootstrap() else { return nil }
    return ApacheBroker(
      bootstrap: bootstrap, directory: files.directory, processIdentifier: identifier, guardPipe: -1)
  }

  /// Whether its process is there.
  public var isRunning: Bool { ChildProcess.exitStatus(of: processIdentifier) == nil }

  /// Ends the broker cleanly, or by force when it has not ended at the deadline. Twice is fine.
  public func stop(deadline: Deadline) throws {
    let files = ApacheBrokerFiles(directory: directory)
    if ChildProcess.exitStatus(of: processIdentifier) == nil {
      ChildProcess.end(processIdentifier, until: deadline)
      guard ChildProcess.exitStatus(of: processIdentifier) != nil else {
        throw KafkaError(code: .localBroker, reason: "the broker \(processIdentifier) in \(directory) does not end")
      }
    }
    releaseGuard()
    files.forgetProcess()
  }

  /// Ends the broker at once, as a crash would.
  public func kill() {
    Foundation.kill(-processIdentifier, SIGKILL)
    _ = ChildProcess.waitForExit(of: processIdentifier, until: .after(.seconds(10)))
    releaseGuard()
  }

  private func releaseGuard() {
    guardPipe.withLock { pipe in
      if pipe >= 0 { close(pipe) }
      pipe = -1
    }
  }

  /// Writes the storage format once.
  private static func format(home: String, files: ApacheBrokerFiles, deadline: Deadline) throws {
    guard !files.isFormatted else { return }
    let child = try ChildProcess(
      [
        "/usr/bin/env", "LOG_DIR=\(files.directory)/logs", "\(home)/bin/kafka-storage.sh", "format", "--standalone",
        "--ignore-formatted", "-t", ApacheBrokerFiles.newClusterID(), "-c", files.properties,
      ], output: files.log)
    guard let status = ChildProcess.waitForExit(of: child.identifier, until: deadline) else {
      ChildProcess.end(child.identifier, until: .after(.seconds(1)))
      throw KafkaError(code: .localBroker, reason: "formatting \(files.directory) did not end in time")
    }
    guard status == 0 else { throw failure("the storage could not be formatted", status: status, files) }
  }

  private static func awaitAnswer(
    _ bootstrap: String, _ identifier: Int32, _ directory: String, _ deadline: Deadline
  ) async throws {
    let admin = try KafkaAdmin(configuration: KafkaConfiguration(brokers: bootstrap, clientID: "retrain-start"))
    var last: KafkaError?
    var answered = false
    while !answered, !deadline.hasPassed {
      if let status = ChildProcess.exitStatus(of: identifier) {
        await admin.close()
        throw failure("the broker ended while starting", status: status, ApacheBrokerFiles(directory: directory))
      }
      do {
        _ = try await admin.brokerCount(until: deadline.or(.after(.milliseconds(250))))
        answered = true
      } catch let error as KafkaError {
        last = error
      }
    }
    await admin.close()
    guard answered else {
      throw KafkaError(
        code: .localBroker, reason: "the broker in \(directory) did not answer in time: \(last?.reason ?? "")")
    }
  }

  private static func failure(_ what: String, status: Int32, _ files: ApacheBrokerFiles) -> KafkaError {
    let tail = files.logTail
    let isJavaMissing =
      status == 127 || (tail.contains("java") && tail.contains("not found")) || tail.contains("JAVA_HOME")
      || tail.contains("needs a Java runtime")
    return KafkaError(
      code: .localBroker,
      reason: isJavaMissing
        ? "Kafka needs a Java runtime, version 17 or newer (Debian: openjdk-17-jre-headless)"
        : "\(what) (exit \(status)); the end of \(files.log):\n\(tail)")
  }

  /// A shell that waits for the end of this process, seen as the end of a pipe, and ends the broker then.
  ///
  /// - Returns: Our end of the pipe.
  private static func watch(_ identifier: Int32, log: String) throws(KafkaError) -> Int32 {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw KafkaError(code: .localBroker, reason: "no pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    // The shell starts a child and leaves: nobody has to wait for the guard, and it is nobody's zombie.
    let script = "{ read -r _; kill -TERM -\(identifier) 2>/dev/null; } </dev/fd/3 3<&- &"
    let child = try ChildProcess(["/bin/sh", "-c", "exec 3<&0; \(script)"], output: log, input: ends[0])
    _ = ChildProcess.waitForExit(of: child.identifier, until: .after(.seconds(5)))
    return ends[1]
  }
}
