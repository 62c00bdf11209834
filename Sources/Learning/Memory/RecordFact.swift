/// What one record says that is to be remembered.
public struct RecordFact: Sendable, Hashable, BitwiseCopyable {
  /// `MemoryShelf.number`.
  public var shelf: UInt32
  /// The row of its rank's batch that says it.
  public var row: UInt32
  /// Whom it is about.
  public var key: UInt64
  /// A number.
  public var value: Float

  public init(shelf: UInt32, row: UInt32, key: UInt64, value: Float) {
    (self.shelf, self.row, self.key, self.value) = (shelf, row, key, value)
  }
}
