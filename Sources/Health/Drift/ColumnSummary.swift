/// What a column of a sample holds, in a few numbers.
public struct ColumnSummary: Sendable, Hashable {
  public var column: RowColumn
  /// Records of the sample.
  public var rows: Int
  /// Those of them without a value; 0 … 1.
  public var absentShare: Double
  /// Different values.
  public var distinct: Int
  /// The most frequent value, and its share of those that are there. Of a category its number.
  public var top: Float?
  public var topShare: Double
  /// Of numbers that are there; nil: of a category, or there are none.
  public var low: Float?
  public var median: Float?
  public var high: Float?

  /// - Parameter sample: Settled.
  public init(_ sample: RowSample, column place: Int) {
    let column = sample.columns[place]
    self.init(column, (0..<sample.count).map { sample.cell($0, place) })
  }

  init(_ column: RowColumn, _ cells: [RowCell]) {
    self.column = column
    rows = cells.count
    let present = cells.filter { !$0.isAbsent(in: column.kind) }
    absentShare = cells.isEmpty ? 0 : Double(cells.count - present.count) / Double(cells.count)
    // −0 and 0 are one number.
    var counts: [UInt32: Int] = [:]
    for cell in present { counts[cell.bits == 0x8000_0000 ? 0 : cell.bits, default: 0] += 1 }
    distinct = counts.count
    let most = counts.max { ($0.value, $1.key) < ($1.value, $0.key) }
    topShare = most.map { Double($0.value) / Double(present.count) } ?? 0
    top = most.map { column.kind == .number ? Float(bitPattern: $0.key) : Float($0.key) }
    guard column.kind == .number, !present.isEmpty else { return }
    let twentieths = present.map(\.number).sorted().quantiles(20)
    (low, median, high) = (twentieths[1], twentieths[10], twentieths[19])
  }
}
