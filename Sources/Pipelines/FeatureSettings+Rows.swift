/// Where the values of a category lie in its table: row 0 is for missing ones, then come those of `values`, then those that
/// hashed values share, then those that values have for themselves.
extension FeatureSettings {
  /// Categories, crosses: columns of a batch, with those for hashes where values have rows of their own.
  public var categoryColumns: Int { (ownRows > 0 ? 2 : 1) * valuesMax }
  /// Whether values that are not listed have rows by their hash.
  public var hashes: Bool { type.isCategorical && (values.isEmpty || unknown == .hash) }
  /// How many rows the hashed values share, of `buckets`: behind the one for missing values and those of `values`.
  public var hashedRows: Int { buckets - 1 - values.count }
  /// Which of these a value has by its hash.
  public func hashedRow(of hash: UInt64) -> UInt32 { UInt32(1 + values.count + Int(hash % UInt64(hashedRows))) }
  /// Rows of the table, those of their own included.
  public var tableRows: Int { buckets + ownRows }

  /// Whether every hashed value, or key, of `old` finds the row that it comes from by its own: there are several times as many.
  public func splitsHashedRows(of old: FeatureSettings) -> Bool { hashedRows % old.hashedRows == 0 }
}
