/// One record that was read, by which its topic is known again: a topic made anew under the same name has another record
/// at this place, or none.
public struct StreamMark: Sendable, Hashable, Codable {
  public let partition: Int32
  public let offset: Int64
  /// The record's own time, milliseconds since 1970; −1 when it has none.
  public let time: Int64
  /// Of key and value.
  public let digest: UInt64

  public init(partition: Int32, offset: Int64, time: Int64, digest: UInt64) {
    self.partition = partition
    self.offset = offset
    self.time = time
    self.digest = digest
  }
}
