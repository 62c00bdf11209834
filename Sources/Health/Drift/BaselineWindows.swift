/// Which windows a column is held against: those that the version confirmed last was made of, and where these are too few, those
/// that came right behind it.
///
/// Windows in which an incident told that the column had changed are none of them: what is broken does not become what is usual
/// because a version was promoted meanwhile. Where a person accepted the change, those before it are none.
public struct BaselineWindows: Sendable, Hashable {
  /// A window whose records were sampled.
  public struct Window: Sendable, Hashable {
    public let checkpoint: Int64
    /// That it was drawn from.
    public let records: Int64

    public init(checkpoint: Int64, records: Int64) { (self.checkpoint, self.records) = (checkpoint, records) }
  }

  /// The newest first.
  public let checkpoints: [Int64]
  /// Windows, those with few records taken together.
  public let count: Int
  public let records: Int64

  public var isEnough: Bool { count >= DriftBaseline.windowsMin }

  /// Older ones are not looked at.
  public static let windowsMax = 32

  /// - Parameters:
  ///   - windows: Of the lineage, in order.
  ///   - anchor: The checkpoint of the version confirmed last.
  ///   - spans: Of the column.
  public init(_ windows: [Window], anchor: Int64, spans: [DriftSpan]) {
    let from = spans.filter(\.isAccepted).map(\.first).max() ?? 0
    let sound = windows.filter { window in
      window.checkpoint >= from
        && !spans.contains { span in
          !span.isAccepted && window.checkpoint >= span.first && (span.last.map { window.checkpoint < $0 } ?? true)
        }
    }
    var chosen = Array(sound.filter { $0.checkpoint <= anchor }.suffix(Self.windowsMax))
    var count = Self.blocks(chosen)
    for window in sound
    where window.checkpoint > anchor && count < DriftBaseline.windowsMin && chosen.count < Self.windowsMax {
      chosen.append(window)
      count = Self.blocks(chosen)
    }
    (checkpoints, self.count) = (chosen.reversed().map(\.checkpoint), count)
    records = chosen.reduce(0) { $0 + $1.records }
  }

  /// As `DriftBaseline.blocks` takes them together, from the newest back.
  private static func blocks(_ windows: [Window]) -> Int {
    var (blocks, open): (Int, Int64) = (0, 0)
    for window in windows.reversed() {
      open += window.records
      if open >= DriftBaseline.rowsWanted { (blocks, open) = (blocks + 1, 0) }
    }
    return blocks
  }
}
