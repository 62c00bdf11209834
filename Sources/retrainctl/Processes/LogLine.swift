/// A line of a role's log, as far as the supervisor understands it.
enum LogLine {
  /// Whether somebody who watches the run should see it: a state changed, something degraded, something failed.
  static func isImportant(_ line: String) -> Bool {
    ["notice", "warning", "error", "critical"].contains { level in
      line.contains("level=\(level)") || line.contains("\"level\":\"\(level)\"")
        || line.contains(" \(level.uppercased()) ")
    }
  }
}
