import Foundation

/// A database, a broker, and a pipeline's processes, started by the program beside this one under a folder of their own, and
/// ended with it.
final class Workplace: @unchecked Sendable {  // One task at a time.
  private let home: String
  private let program: String
  private let name: String
  private let file: String
  private var server: Process?
  private(set) var brokers = ""
  private(set) var database = ""

  init(name: String, file: String) throws {
    self.name = name
    home = FileManager.default.temporaryDirectory.path + "/retrain-bench-\(getpid())"
    program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path + "/retrainctl"
    guard FileManager.default.isExecutableFile(atPath: program) else {
      throw BenchError("\(program) is not there: 'make build' makes both")
    }
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    self.file = home + "/\(name).yaml"
    try file.write(toFile: self.file, atomically: true, encoding: .utf8)
  }

  /// Returns when all of it runs.
  func start() throws {
    struct Services: Decodable { var database, brokers: String }
    let services = try JSONDecoder().decode(Services.self, from: Data(try call(["dev", "up", "--json"]).utf8))
    (database, brokers) = (services.database, services.brokers)
    _ = try call(["start", file, "--detach"])
    server = try begin(["server", "--pipeline", name], to: "server.log")
  }

  /// Ends what runs, and removes what it left.
  func leave() {
    if let server, server.isRunning {
      server.terminate()
      server.waitUntilExit()
    }
    _ = try? call(["stop", "--pipeline", name])
    _ = try? call(["dev", "down"])
    try? FileManager.default.removeItem(atPath: home)
  }

  private func process(_ arguments: [String]) -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(["RETRAIN_HOME": home]) { $1 }
    return process
  }

  private func begin(_ arguments: [String], to log: String) throws -> Process {
    let process = process(arguments)
    let path = home + "/" + log
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    process.standardOutput = FileHandle(forWritingAtPath: path)
    process.standardError = process.standardOutput
    try process.run()
    return process
  }

  private func call(_ arguments: [String]) throws -> String {
    let process = process(arguments)
    let (out, error) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (out, error)
    try process.run()
    let said = out.fileHandleForReading.readDataToEndOfFile()
    let complaint = error.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw BenchError(
        "'retrainctl \(arguments.joined(separator: " "))' ended with \(process.terminationStatus): "
          + String(decoding: complaint, as: UTF8.self))
    }
    return String(decoding: said, as: UTF8.self)
  }
}
