/// Which rows of its table the values of a category have: estimates, for values are not kept.
public struct ValueRows: Sendable, Hashable, Codable {
  public var feature: String
  /// Values that have a row of their own, not counting those that are listed in the pipeline.
  public var own: Int
  /// How many there may be; 0: none.
  public var ownRows: Int
  /// About how many values were met in rows that they share by their hash.
  public var hashed: Int
  public var hashedRows: Int
  /// About which share of all values that were met has its row together with another, 0 … 1.
  public var sharing: Double
  /// Candidates for a row that gave way to others: values that hardly come again.
  public var displaced: Int

  public init(
    feature: String, own: Int, ownRows: Int, hashed: Int, hashedRows: Int, sharing: Double, displaced: Int
  ) {
    self.feature = feature
    self.own = own
    self.ownRows = ownRows
    self.hashed = hashed
    self.hashedRows = hashedRows
    self.sharing = sharing
    self.displaced = displaced
  }

  /// From which share on it is told.
  static let sharingToTell = 0.25
  /// Candidates that gave way that are no mere variety: they do only where four times as many wait as there are rows.
  static let displacedToTell = 1000

  /// What a person should know, one sentence each, without its full stop.
  ///
  /// - Parameter count: How a number is written.
  public func sentences(count: (Int64) -> String) -> [String] {
    var sentences: [String] = []
    if ownRows > 0, own == ownRows, hashed > 0 {
      sentences.append(
        "feature \(feature) has more values than rows of their own: all \(count(Int64(ownRows))) are taken, and others share"
          + " the buckets; a larger `own_rows` has room, and where they are made up, `values` lists those that are not")
    }
    if displaced > Self.displacedToTell {
      sentences.append(
        "feature \(feature): \(count(Int64(displaced))) values hardly came again, as ids do, or made-up keys: they get no"
          + " rows of their own")
    }
    if sharing >= Self.sharingToTell {
      sentences.append(
        "feature \(feature): about \(Int((sharing * 100).rounded())) % of its values share a row with another; more"
          + " `buckets` or declared `values` help")
    }
    return sentences
  }
}
