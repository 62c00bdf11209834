import Tensors

/// One hashed category and its embedding table.
public struct CategoryInput: Sendable, Hashable, Codable {
  public var name: String
  /// The table's first rows: 0 for missing values, then those that are listed, then those that hashed values share.
  public var buckets: Int
  /// Width of the embedding.
  public var dimension: Int
  /// The most values a record has; more than 1: a bag, whose columns that are not used hold `FeatureBatch.noCategory`.
  public var slots: Int
  public var combiner: Combiner
  /// Rows behind the buckets, for hashed values that were met often enough; with them a batch gives hashes.
  public var ownRows: Int
  /// Values that have buckets by their name, from 1 on.
  public var listed: Int
  /// What they are, for a recipe: it knows values by what they are, wherever they are listed. nil: nobody asks.
  public var values: [String]?

  /// How the rows of a bag become one.
  public enum Combiner: String, Sendable, Hashable, Codable, CaseIterable {
    case sum, mean
    /// Sum over √n.
    case squareRoot = "sqrtn"

    var kernel: BagCombiner {
      switch self {
      case .sum: .sum
      case .mean: .mean
      case .squareRoot: .squareRoot
      }
    }
  }

  public init(
    name: String, buckets: Int, dimension: Int, slots: Int = 1, combiner: Combiner = .mean, ownRows: Int = 0,
    listed: Int = 0
  ) {
    self.name = name
    self.buckets = buckets
    self.dimension = dimension
    self.slots = slots
    self.combiner = combiner
    self.ownRows = ownRows
    self.listed = listed
  }

  /// Rows of the table.
  var rows: Int { buckets + ownRows }
  /// Columns of a batch.
  var columns: Int { (ownRows > 0 ? 2 : 1) * slots }
}
