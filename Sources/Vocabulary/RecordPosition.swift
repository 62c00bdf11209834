/// Where one record lies in the log: what every complaint about a record names.
public struct RecordPosition: Sendable, Hashable, Codable, CustomStringConvertible {
  public let topic: String
  public let partition: Int32
  public let offset: Int64

  public init(topic: String, partition: Int32, offset: Int64) {
    self.topic = topic
    self.partition = partition
    self.offset = offset
  }

  /// `topic/partition/offset`, as in `flights/2/10441`.
  public var description: String { "\(topic)/\(partition)/\(offset)" }
}
