/// A line of a role's log, as far as the supervisor understands it.
enum LogLine {
  /// Whether somebody who watches the run should see it: a state changed, something degraded, something failed.
  ///
  /// The second word of a text line is its level.
  static func isImportant(_ line: String) -> Bool {
    let words = line.split(separator: " ", maxSplits: 2)
    return words.count == 3 && ["notice", "warning", "error"].contains(words[1])
  }
}
