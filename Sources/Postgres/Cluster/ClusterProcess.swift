import Foundation
import Vocabulary

/// What `postmaster.pid` says, checked against the processes that really run.
struct ClusterProcess {
  let processID: pid_t
  let port: Int
  let socketDirectory: String

  /// The server running on this data, or nil. A file left behind by `kill -9`, even one whose number now belongs to
  /// another program, is not a running server.
  static func find(_ layout: ClusterLayout) -> ClusterProcess? {
    guard let text = try? String(contentsOfFile: layout.processFile, encoding: .utf8) else { return nil }
    // Number, data folder, start time, port, socket folder, address, shared memory, status.
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count >= 5, let processID = pid_t(lines[0]), processID > 0, let port = Int(lines[3]) else { return nil }
    guard kill(processID, 0) == 0 || errno == EPERM else { return nil }
    guard isWorking(processID, in: layout.data) else { return nil }
    return ClusterProcess(processID: processID, port: port, socketDirectory: String(lines[4]))
  }

  /// Every PostgreSQL process lives in its data folder. Where there is no `/proc`, the number has to do.
  private static func isWorking(_ processID: pid_t, in data: String) -> Bool {
    guard FileManager.default.fileExists(atPath: "/proc/self/cwd") else { return true }
    guard let folder = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(processID)/cwd") else {
      return false
    }
    return folder == URL(fileURLWithPath: data).resolvingSymlinksInPath().path
  }

  /// Waits until the backends of a killed server are gone, and removes the file it left.
  ///
  /// They notice its death by themselves; a new server on their shared memory would be refused, or worse.
  static func clearRemains(_ layout: ClusterLayout, deadline: Deadline) throws {
    guard find(layout) == nil, FileManager.default.fileExists(atPath: layout.processFile) else { return }
    while true {
      let numbers = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
      if !numbers.contains(where: { isWorking($0, in: layout.data) }) { break }
      guard !deadline.hasPassed else {
        throw PostgresError(.cluster, "processes of a killed server still hold \(layout.data)")
      }
      pause(.milliseconds(20))
    }
    unlink(layout.processFile)
  }
}
