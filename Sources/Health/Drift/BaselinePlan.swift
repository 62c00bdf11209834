/// The windows of each column's baseline.
public struct BaselinePlan: Sendable {
  private let windows: [BaselineWindows.Window]
  private let anchor: Int64
  private let spans: [DriftSpan]
  /// Of all columns that no incident was about.
  public let usual: BaselineWindows

  /// - Parameters: As of `BaselineWindows`; spans of all columns.
  public init(_ windows: [BaselineWindows.Window], anchor: Int64, spans: [DriftSpan]) {
    (self.windows, self.anchor, self.spans) = (windows, anchor, spans)
    usual = BaselineWindows(windows, anchor: anchor, spans: [])
  }

  public func windows(of column: RowColumn) -> BaselineWindows {
    let own = spans.filter { $0.watches(column) }
    return own.isEmpty ? usual : BaselineWindows(windows, anchor: anchor, spans: own)
  }

  /// - Parameter recordsPerSecond: That are learned; nil: it is not known.
  /// - Returns: nil: every column has enough windows.
  public func wait(recordsPerSecond: Double?) -> DriftWait? {
    func wait(_ windows: BaselineWindows, _ columns: [String], isOpen: Bool) -> DriftWait {
      let missing = Double((DriftBaseline.windowsMin - windows.count) * Int(DriftBaseline.rowsWanted))
      let rate = recordsPerSecond.flatMap { $0 > 0 ? $0 : nil }
      return DriftWait(
        windows: windows.count, needed: DriftBaseline.windowsMin, columns: columns,
        secondsLeft: isOpen ? nil : rate.map { missing / $0 })
    }
    guard usual.isEnough else { return wait(usual, [], isOpen: false) }
    let short = changed.map { ($0, windows(of: $0)) }.filter { !$0.1.isEnough }
    guard let least = short.min(by: { $0.1.count < $1.1.count }) else { return nil }
    let names = short.map { $0.0.role == .label ? "the label" : $0.0.name }
    return wait(
      least.1, names, isOpen: spans.contains { span in span.isOpen && short.contains { span.watches($0.0) } })
  }

  /// Columns that an incident was about, whatever they are read as.
  private var changed: [RowColumn] {
    let label = RowColumn("label", .label, .number)
    return Set(spans.flatMap(\.features)).sorted().map { RowColumn($0, .feature, .number) }
      + (spans.contains { $0.watches(label) } ? [label] : [])
  }

  /// All that is chosen: of two plans with the same choices baselines are the same.
  public var choices: [BaselineWindows] { [usual] + changed.map(windows(of:)) }
}
