import Foundation
import Vocabulary

/// A folder of its own in which the real `retrainctl` runs, with no server but those that it starts itself.
///
/// Ends what it left running when it goes.
final class Workplace: Sendable {
  struct Outcome: Sendable {
    let code: Int32
    let output: String
    let complaints: String

    /// The answer as JSON.
    func json() throws -> [String: Any] {
      let value = try JSONSerialization.jsonObject(with: Data(output.utf8))
      return value as? [String: Any] ?? [:]
    }
  }

  static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
  /// Of the flights, with a network that it describes; and with a model that needs no settings.
  static var network: String { repository + "/Pipelines/network.yaml" }
  static var quickstart: String { repository + "/Pipelines/quickstart.yaml" }
  static var flights: String { repository + "/Pipelines/data/flights.jsonl.zst" }

  /// Apache Kafka's folder, where there is one.
  static var kafkaHome: String? {
    ProcessInfo.processInfo.environment["KAFKA_HOME"].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The program that was built together with these tests.
  private static let program: String = {
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(filePath: tests).deletingLastPathComponent().appending(path: "retrainctl").path
  }()

  let folder: String
  /// What processes find in their environment beside the usual.
  private let additions: [String: String]
  private let kafkaHome: String?

  /// - Parameter kafkaHome: For a broker that is Apache Kafka; nil: the one in memory.
  init(kafkaHome: String? = nil, additions: [String: String] = [:]) throws {
    self.additions = additions
    self.kafkaHome = kafkaHome
    folder = FileManager.default.temporaryDirectory.path + "/retrain-e2e-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    // The account that a private cluster runs under must reach it.
    chmod(folder, 0o755)
  }

  deinit {
    for process in processes(named: "retrainctl") { kill(process, SIGKILL) }
    _ = try? run("dev", "down")
    try? FileManager.default.removeItem(atPath: folder)
  }

  private func make(_ words: [String]) throws -> (Process, output: String, complaints: String) {
    let process = Process()
    process.executableURL = URL(filePath: Self.program)
    process.arguments = words
    process.currentDirectoryURL = URL(filePath: folder)
    var environment = ProcessInfo.processInfo.environment
    for name in ["RETRAIN_DATABASE_URL", "RETRAIN_KAFKA_BROKERS", "KAFKA_HOME"] { environment[name] = nil }
    environment["RETRAIN_HOME"] = folder + "/.retrain"
    environment["KAFKA_HOME"] = kafkaHome
    environment.merge(additions) { _, added in added }
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    // Files, because a pipe that nobody empties would hold a talkative process up.
    let name = folder + "/out-\(UInt32.random(in: 0 ... .max))"
    for (ending, isOutput) in [(".out", true), (".err", false)] {
      _ = FileManager.default.createFile(atPath: name + ending, contents: nil)
      let file = FileHandle(forWritingAtPath: name + ending) ?? .nullDevice
      if isOutput { process.standardOutput = file } else { process.standardError = file }
    }
    return (process, name + ".out", name + ".err")
  }

  /// Runs `retrainctl` to its end.
  @discardableResult
  func run(_ words: String...) throws -> Outcome { try begin(words).end() }

  /// The same, of a list of words.
  func run(_ words: [String]) throws -> Outcome { try begin(words).end() }

  /// Starts `retrainctl` and goes on.
  func begin(_ words: String...) throws -> Running { try begin(words) }

  private func begin(_ words: [String]) throws -> Running {
    let (process, output, complaints) = try make(words)
    try process.run()
    return Running(process: process, output: output, complaints: complaints)
  }

  final class Running {
    let process: Process
    private let output: String
    private let complaints: String

    init(process: Process, output: String, complaints: String) {
      self.process = process
      self.output = output
      self.complaints = complaints
    }

    var isRunning: Bool { process.isRunning }
    var complaintsSoFar: String { (try? String(contentsOfFile: complaints, encoding: .utf8)) ?? "" }
    func interrupt() { kill(process.processIdentifier, SIGINT) }
    func crash() { kill(process.processIdentifier, SIGKILL) }

    func end() -> Outcome {
      process.waitUntilExit()
      func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
      let isExit = process.terminationReason == .exit
      return Outcome(
        code: isExit ? process.terminationStatus : 128 + process.terminationStatus, output: text(output),
        complaints: text(complaints))
    }
  }

  /// The ids of living processes of this workplace whose program has the name.
  func processes(named name: String) -> [pid_t] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { pid_t($0) } ?? []
    return all.filter { id in
      guard let line = FileManager.default.contents(atPath: "/proc/\(id)/cmdline"), !line.isEmpty else { return false }
      let program = line.prefix { $0 != 0 }
      guard String(decoding: program, as: UTF8.self).hasSuffix("/" + name) else { return false }
      let home = FileManager.default.contents(atPath: "/proc/\(id)/environ") ?? Data()
      return (String(decoding: line, as: UTF8.self) + String(decoding: home, as: UTF8.self)).contains(folder)
    }
  }

  /// Everything of this workplace that runs.
  var leftovers: [pid_t] { ["retrainctl", "postgres", "java"].flatMap(processes(named:)) }

  /// Asks again and again until it is true or the deadline has passed.
  func eventually(within patience: Duration, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = Deadline.after(patience)
    while !deadline.hasPassed {
      if try condition() { return true }
    }
    return false
  }
}
