/// A command line that cannot be understood: every mistake in it, and how it is meant to be.
public struct UsageError: Error, CustomStringConvertible {
  /// What `sysexits.h` calls EX_USAGE.
  public static let exitCode: Int32 = 64

  public let mistakes: [String]
  /// The command as far as it was understood.
  public let command: CommandDescription

  public var description: String {
    mistakes.map { "error: \($0)\n" }.joined()
      + "usage: \(command.usage)\n"
      + "'\(command.fullName) --help' tells more.\n"
  }
}

/// The candidate that is nearest to a mistyped word; nil where none is near.
func nearest(to word: String, among candidates: [String]) -> String? {
  let scored = candidates.map { (candidate: $0, distance: editDistance(word, $0)) }
  guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
  return best.distance <= max(1, word.count / 3) || best.candidate.hasPrefix(word) ? best.candidate : nil
}

/// Edits (a letter added, removed, changed, or two neighbours exchanged) between two words.
///
/// - Source: Damerau 1964; the restricted form (optimal string alignment).
func editDistance(_ left: String, _ right: String) -> Int {
  let a = Array(left)
  let b = Array(right)
  var rows = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
  for i in 0...a.count { rows[i][0] = i }
  for j in 0...b.count { rows[0][j] = j }
  for i in 0..<a.count {
    for j in 0..<b.count {
      var best = min(rows[i][j + 1] + 1, rows[i + 1][j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
      rows[i + 1][j + 1] = best
    }
  }
  return rows[a.count][b.count]
}
