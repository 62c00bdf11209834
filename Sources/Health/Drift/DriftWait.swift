/// Columns that nothing is said of yet.
public struct DriftWait: Sendable, Hashable, Codable {
  /// Sound windows that there are, of so many.
  public var windows: Int
  public var needed: Int
  /// Features and the label; none: nothing is watched at all.
  public var columns: [String]
  /// Until there are enough, at the rate that records come; nil: nobody knows.
  public var secondsLeft: Double?

  public init(windows: Int, needed: Int, columns: [String], secondsLeft: Double?) {
    (self.windows, self.needed, self.columns, self.secondsLeft) = (windows, needed, columns, secondsLeft)
  }

  /// As the end of a sentence, without its full stop.
  public var sentence: String {
    let what = columns.isEmpty ? "drift is" : "drift of \(columns.joined(separator: ", ")) is"
    return
      "\(what) not watched yet: \(windows) of \(needed) windows of \(DriftBaseline.rowsWanted) records, without those of a "
      + "change that goes on"
  }
}
