import Foundation

/// Prometheus's own judge of metrics and rules, where it is installed (Debian's package `prometheus`).
public enum Promtool {
  public static let absence =
    "promtool is not installed (apt-get install prometheus): what it would judge is not judged"

  /// nil: it is not there.
  public static let path: String? = find("promtool")

  public static func find(_ name: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":").map { "\($0)/\(name)" }.first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
  }

  public struct Verdict: Sendable {
    public let code: Int32
    /// What it said, on either channel.
    public let words: String
  }

  /// - Parameter input: What it reads.
  public static func judge(
    _ words: [String], _ input: String = "", in folder: String? = nil, tool: String? = path
  ) throws -> Verdict {
    let process = Process()
    process.executableURL = URL(filePath: tool ?? "/nowhere")
    process.arguments = words
    process.currentDirectoryURL = folder.map { URL(filePath: $0) }
    let scratch = FileManager.default.temporaryDirectory.appending(path: "promtool-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: scratch) }
    try Data(input.utf8).write(to: scratch)
    process.standardInput = try FileHandle(forReadingFrom: scratch)
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let said = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Verdict(code: process.terminationStatus, words: String(decoding: said, as: UTF8.self))
  }
}
