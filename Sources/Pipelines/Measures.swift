/// Durations as people write them: a whole number and a unit, as in `50ms`, `10s`, `2m`.
package enum DurationText {
  private static let units: [(suffix: String, duration: Duration)] = [
    ("us", .microseconds(1)), ("ms", .milliseconds(1)), ("s", .seconds(1)), ("m", .seconds(60)), ("h", .seconds(3600)),
    ("d", .seconds(86400)),
  ]
  static let pattern = "^[0-9]{1,9}(us|ms|s|m|h|d)$"

  package static func parse(_ text: String) -> Duration? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard (1...9).contains(digits.count), let count = Int(digits),
      let unit = units.first(where: { $0.suffix == text.dropFirst(digits.count) })
    else { return nil }
    return unit.duration * count
  }

  /// The largest unit that spells the duration exactly, minutes only from two on; zero is `0s`.
  package static func format(_ duration: Duration) -> String {
    if duration == .zero { return "0s" }
    let (seconds, attoseconds) = duration.components
    let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    for (suffix, size, least) in [("d", 86_400_000_000, 1), ("h", 3_600_000_000, 1), ("m", 60_000_000, 2)]
      as [(String, Int64, Int64)] where microseconds % size == 0 && microseconds / size >= least
    {
      return "\(microseconds / size)\(suffix)"
    }
    if microseconds % 1_000_000 == 0 { return "\(microseconds / 1_000_000)s" }
    if microseconds % 1000 == 0 { return "\(microseconds / 1000)ms" }
    return "\(microseconds)us"
  }
}

/// Sizes as people write them: a whole number of bytes, or with a unit, as in `256MiB`, `1MB`.
public enum BytesText {
  private static let units: [(suffix: String, bytes: Int)] = [
    ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000),
    ("KB", 1000), ("B", 1), ("", 1),
  ]
  static let pattern = "^[0-9]{1,12}(B|kB|KB|MB|GB|KiB|MiB|GiB)?$"

  public static func parse(_ text: String) -> Int? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard (1...12).contains(digits.count), let count = Int(digits),
      let unit = units.first(where: { $0.suffix == text.dropFirst(digits.count) })
    else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: unit.bytes)
    return overflow ? nil : bytes
  }

  /// The largest unit that spells the size exactly.
  static func format(_ bytes: Int) -> String {
    let unit = units.first { bytes >= $0.bytes && bytes % $0.bytes == 0 && !$0.suffix.isEmpty }
    guard let unit, unit.bytes > 1 else { return String(bytes) }
    return "\(bytes / unit.bytes)\(unit.suffix)"
  }
}

/// The candidate nearest to a misspelt word, or nil when none is near enough to be meant.
///
/// - Source: Damerau 1964; the restricted edit distance (optimal string alignment).
public func nearest(to word: String, among candidates: [String]) -> String? {
  guard word.utf8.count <= comparedBytesMax else { return nil }
  let allowed = max(1, min(3, word.count / 3))
  let ranked = candidates.map { (editDistance(word.lowercased(), $0.lowercased()), $0) }.min { $0 < $1 }
  guard let (distance, candidate) = ranked, distance <= allowed else { return nil }
  return candidate
}

/// Longer words are no slip of the finger: nobody is asked whether they meant another.
private let comparedBytesMax = 256

/// Edits (a letter added, removed, changed, or two neighbours exchanged) between two words; between words of more than 256
/// bytes, as many as the longer one has letters.
package func editDistance(_ left: String, _ right: String) -> Int {
  guard max(left.utf8.count, right.utf8.count) <= comparedBytesMax else {
    return max(left.unicodeScalars.count, right.unicodeScalars.count)
  }
  let a = Array(left)
  let b = Array(right)
  if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
  // A row of the table for each letter of `left`; a step looks at the last two.
  var before: [Int] = []
  var above = Array(0...b.count)
  for i in 1...a.count {
    var row = [i]
    row.reserveCapacity(b.count + 1)
    for j in 1...b.count {
      let change = a[i - 1] == b[j - 1] ? 0 : 1
      var least = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + change)
      if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { least = min(least, before[j - 2] + 1) }
      row.append(least)
    }
    (before, above) = (above, row)
  }
  return above[b.count]
}
