import Vocabulary

/// How a further head does, test then train: by its loss alone, over the lineage and since the last checkpoint.
public struct HeadLoss: Sendable, Hashable, Codable {
  /// Of a span of records.
  public struct Tally: Sendable, Hashable, Codable {
    /// Records with this head's label and a finite loss.
    public var records: Int64 = 0
    @JSONSafe public var lossSum: Double = 0

    public init() {}

    public mutating func add(records: Int64, lossSum: Double) {
      self.records += records
      self.lossSum += lossSum
    }

    /// A record, in the unit of the head's loss (`EvaluationTask`); nil without a record, and where it is no number.
    public var mean: Double? {
      let mean = lossSum / Double(records)
      return records > 0 && mean.isFinite ? mean : nil
    }
  }

  public let name: String
  public var total = Tally()
  public var window = Tally()

  public init(name: String) { self.name = name }
}
