public import Vocabulary

/// How a further head does, test then train: by its loss alone, over the lineage and since the last checkpoint.
public struct HeadLoss: Sendable, Hashable, Codable {
  /// Of a span of records.
  public struct Tally: Sendable, Hashable, Codable {
    /// Records with this head's label and a finite loss.
    public var records: Int64 = 0
    /// Each record's times its weight.
    @JSONSafe public var lossSum: Double = 0
    /// Sum of the records' weights; nil: each counts 1.
    public var weight: Double?

    public init() {}

    /// - Parameter weight: Of the records; nil: each counts 1.
    public mutating func add(records: Int64, lossSum: Double, weight: Double? = nil) {
      if weight != nil || self.weight != nil {
        self.weight = (self.weight ?? Double(self.records)) + (weight ?? Double(records))
      }
      self.records += records
      self.lossSum += lossSum
    }

    /// A record, in the unit of the head's loss (`EvaluationTask`); nil without a record, and where it is no number.
    public var mean: Double? {
      let mean = lossSum / (weight ?? Double(records))
      return records > 0 && mean.isFinite ? mean : nil
    }
  }

  public let name: String
  public var total = Tally()
  public var window = Tally()

  public init(name: String) { self.name = name }
}
