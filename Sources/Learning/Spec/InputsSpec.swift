/// What a model reads, by the encoders that read it.
public struct InputsSpec: Sendable, Hashable, Codable {
  /// The columns of `FeatureBatch.numbers`, in order.
  public var numbers: [NumberInput]
  /// The columns of `FeatureBatch.categories`, in order.
  public var categories: [CategoryInput]
  /// Sparse inputs, in the order of `FeatureBatch.weighted`.
  public var weighted: [WeightedInput]
  /// Standardised numbers are clipped to ± this many standard deviations.
  public var inputClip: Float

  var text: [String] {
    numbers.map { "number \($0.name) \($0.standardize) \($0.missingIndicator)" }
      + categories.map {
        "category \($0.name) \($0.buckets) \($0.dimension) \($0.slots) \($0.combiner.rawValue)"
          + ($0.ownRows > 0 ? " own \($0.ownRows)" : "")
      }
      + weighted.map { "weighted \($0.name) \($0.rows) \($0.dimension) \($0.activates)" }
  }
}

/// One numeric column.
public struct NumberInput: Sendable, Hashable, Codable {
  public var name: String
  /// Standardised with running statistics, or taken as it is. Absent: 0 either way.
  public var standardize: Bool
  /// A further input that is 1 where the value is absent.
  public var missingIndicator: Bool

  public init(name: String, standardize: Bool = true, missingIndicator: Bool = false) {
    self.name = name
    self.standardize = standardize
    self.missingIndicator = missingIndicator
  }
}

/// Sparse inputs: Σ weight · row over the pairs of a record.
///
/// With few units it is a whole first layer: a record costs what its pairs cost, however large the table is.
public struct WeightedInput: Sendable, Hashable, Codable {
  public var name: String
  /// Rows of the table.
  public var rows: Int
  /// Width of the sum.
  public var dimension: Int
  /// The sum goes through the activation, as a hidden layer's product would. The last sparse input only; it has no wide
  /// weights.
  public var activates: Bool

  public init(name: String, rows: Int, dimension: Int, activates: Bool) {
    self.name = name
    self.rows = rows
    self.dimension = dimension
    self.activates = activates
  }
}
