import Foundation

/// Servers of one pipeline, each `retrainctl server` in a process of its own, started by the program beside this one.
final class ServerProcesses: @unchecked Sendable {  // One task at a time.
  private let home: String
  private let processes: [Process]

  /// - Parameters:
  ///   - file: The text of the pipeline's file.
  ///   - database: Where it is registered.
  init(count: Int, pipeline file: String, database: String) throws {
    home = FileManager.default.temporaryDirectory.path + "/retrain-bench-servers-\(getpid())"
    let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path + "/retrainctl"
    guard FileManager.default.isExecutableFile(atPath: program) else {
      throw BenchError("\(program) is not there: 'make build' makes both")
    }
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    let path = home + "/pipeline.yaml"
    try file.write(toFile: path, atomically: true, encoding: .utf8)
    var processes: [Process] = []
    for number in 0..<count {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: program)
      process.arguments = ["server", "--pipeline", path, "--listen", "127.0.0.1:0", "--supervised"]
      process.environment = ProcessInfo.processInfo.environment
        .merging(["RETRAIN_DATABASE_URL": database, "RETRAIN_HOME": home]) { $1 }
      let log = home + "/server-\(number).log"
      _ = FileManager.default.createFile(atPath: log, contents: nil)
      process.standardError = FileHandle(forWritingAtPath: log)
      // It ends with this process, however that ends.
      process.standardInput = Pipe()
      try process.run()
      processes.append(process)
    }
    self.processes = processes
  }

  /// What they say, where something went wrong.
  var logs: String {
    (0..<processes.count).compactMap { try? String(contentsOfFile: home + "/server-\($0).log", encoding: .utf8) }
      .joined(separator: "\n")
  }

  /// Ends them, and removes what they left.
  func leave() {
    for process in processes where process.isRunning { process.terminate() }
    for process in processes { process.waitUntilExit() }
    try? FileManager.default.removeItem(atPath: home)
  }
}
