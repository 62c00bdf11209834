import Foundation
import Pipelines

/// How much memory this process may have: the machine's, or less where a control group (of a container, or of a unit of
/// systemd) has a limit.
package enum MachineMemory {
  /// - Parameter workers: How many are to run here; nil: as many as the pipeline file says.
  static func room(workers: Int?) -> MemoryRoom {
    let machine = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    let groups = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
    let limit = limit(groups: groups) { try? String(contentsOfFile: $0, encoding: .utf8) }
    guard let limit, limit < machine else { return MemoryRoom(bytes: machine, workers: workers) }
    return MemoryRoom(bytes: limit, words: "the control group of this process allows", workers: workers)
  }

  /// The least limit of a process's control groups and those around them, in bytes; nil: there is none.
  ///
  /// - Parameters:
  ///   - groups: What `/proc/self/cgroup` says: `id:controllers:path` a line.
  ///   - read: The text of a file; nil: there is none, or not for us.
  /// - Source: Linux, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
  package static func limit(groups: String, read: (String) -> String?) -> Int? {
    var limits: [Int] = []
    for line in groups.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let isUnified = parts[1].isEmpty
      guard isUnified || parts[1].split(separator: ",").contains("memory") else { continue }
      let root = isUnified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory"
      let file = isUnified ? "memory.max" : "memory.limit_in_bytes"
      // In a container the path may be the host's; the root is the container's own then.
      var names = parts[2].split(separator: "/").map(String.init)
      while true {
        let path = ([root] + names + [file]).joined(separator: "/")
        if let text = read(path), let limit = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) {
          limits.append(limit)
        }
        guard !names.isEmpty else { break }
        names.removeLast()
      }
    }
    return limits.min()
  }
}
