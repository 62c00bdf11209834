import Vocabulary

/// How a window's features, label and predictions lie beside the baseline of the version that serves.
public struct DriftWindow: Sendable {
  public var topic: String
  public var columns: [ColumnDrift]

  public init(topic: String, columns: [ColumnDrift]) {
    self.topic = topic
    self.columns = columns
  }

  /// Compares the newest records with the baseline, and looks for the beginning of what has changed.
  ///
  /// - Parameters:
  ///   - windows: Samples of the window and of those before it of the same lineage, the newest first. Where the window has few
  ///     records, those before it are looked at with it.
  ///   - Returns: nil: there is nothing to compare.
  public init?(topic: String, _ windows: [RowSample], baseline: DriftBaseline) {
    guard let recent = DriftBaseline.blocks(windows).first ?? windows.first?.settled(), !recent.isEmpty else {
      return nil
    }
    let looked = Array(windows.prefix(Self.windowsToSearch))
    self.init(
      topic: topic,
      columns: baseline.compare(recent).map { drift in
        var drift = drift
        if drift.change != .none { drift.since = baseline.onset(of: drift, in: looked) }
        return drift
      })
  }

  /// A change that is noticed began in one of the newest windows.
  private static let windowsToSearch = 4

  /// `since about flights/0@4711, flights/1@4689`; nil: it began before what was looked at, or nothing has changed.
  func beginning(of drift: ColumnDrift) -> String? {
    guard !drift.since.isEmpty else { return nil }
    let places = drift.since.prefix(Self.placesMax).map { "\(topic)/\($0.partition)@\($0.offset)" }
    let more = drift.since.count - places.count
    return "since about " + places.joined(separator: ", ") + (more > 0 ? " and in \(more) more partitions" : "")
  }

  private static let placesMax = 4
}
