/// Which line of which file the records of a feed came from, by their order.
///
/// A run is kept for each place where lines and records stop going side by side; only the newest runs, for what may still
/// be under way.
struct LineMap {
  private struct Run {
    let record: Int64
    let line: Int
    let file: Int
  }
  private static let runsMax = 100_000
  private var runs: [Run] = []
  private(set) var count: Int64 = 0

  mutating func append(line: Int, file: Int) {
    defer { count += 1 }
    if let last = runs.last, last.file == file, last.line + Int(count - last.record) == line { return }
    if runs.count == Self.runsMax { runs.removeFirst(Self.runsMax / 2) }
    runs.append(Run(record: count, line: line, file: file))
  }

  /// The place of a record, counted from 0; nil: not known any more.
  func place(of record: Int64) -> (file: Int, line: Int)? {
    guard record < count, let run = runs.last(where: { $0.record <= record }) else { return nil }
    return (run.file, run.line + Int(record - run.record))
  }
}
