import Foundation
public import Vocabulary

extension DriftBaseline {
  /// With which record of each partition a column's change began: the one from which on its values are, taken together, most like
  /// those of the change and least like the baseline's.
  ///
  /// - Parameters:
  ///   - drift: Of a column that changed.
  ///   - windows: Settled samples of the windows to look through.
  /// - Returns: By partition; those in which nothing changed are left out.
  /// - Source: Page 1954, "Continuous inspection schemes": the likelihood ratio, added up.
  public func onset(of drift: ColumnDrift, in windows: [RowSample]) -> [RecordKey] {
    guard let baseline = columns.first(where: { $0.column == drift.column }) else { return [] }
    var rows: [(key: RecordKey, bin: Int)] = []
    for window in windows {
      guard let place = window.columns.firstIndex(of: drift.column) else { continue }
      for row in 0..<window.count { rows.append((window.key(row), baseline.bins.bin(of: window.cell(row, place)))) }
    }
    rows.sort { ($0.key.partition, $0.key.offset) < ($1.key.partition, $1.key.offset) }
    // All are taken for changed at first, then those behind the places found.
    var changed = rows.map(\.bin)
    var starts: [RecordKey] = []
    for _ in 0..<3 {
      starts = Self.starts(rows, baseline.bins.counts(changed), baseline.counts)
      let first = Dictionary(starts.map { ($0.partition, $0.offset) }) { first, _ in first }
      changed = rows.filter { row in first[row.key.partition].map { row.key.offset >= $0 } ?? false }.map(\.bin)
      if changed.isEmpty { break }
    }
    return starts
  }

  /// - Parameter rows: By partition, then by offset.
  private static func starts(
    _ rows: [(key: RecordKey, bin: Int)], _ changed: [Int64], _ usual: [Int64]
  ) -> [RecordKey] {
    let (changedSum, usualSum) = (Double(changed.reduce(0, +)), Double(usual.reduce(0, +)))
    let half = 0.5 * Double(usual.count)
    let ratios = zip(changed, usual).map { counts in
      log((Double(counts.0) + 0.5) / (changedSum + half)) - log((Double(counts.1) + 0.5) / (usualSum + half))
    }
    var starts: [RecordKey] = []
    var end = rows.count
    while end > 0 {
      let partition = rows[end - 1].key.partition
      var (sum, best, start) = (0.0, 0.0, RecordKey?.none)
      while end > 0, rows[end - 1].key.partition == partition {
        end -= 1
        sum += ratios[rows[end].bin]
        if sum > best { (best, start) = (sum, rows[end].key) }
      }
      if let start { starts.append(start) }
    }
    return starts.reversed()
  }
}
