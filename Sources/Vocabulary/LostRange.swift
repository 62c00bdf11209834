/// Offsets of one partition that the broker removed before they were read.
///
/// So many records at most: some of the offsets may have held a transaction's marker, or a record that compaction removed.
public struct LostRange: Sendable, Hashable, Codable {
  public let topic: String
  public let partition: Int32
  /// The next offset that was wanted.
  public let from: Int64
  /// The first that the broker still holds.
  public let next: Int64

  public init(topic: String, partition: Int32, from: Int64, next: Int64) {
    self.topic = topic
    self.partition = partition
    self.from = from
    self.next = next
  }

  public var count: Int64 { next - from }
}
