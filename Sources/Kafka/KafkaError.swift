/// What went wrong at the Kafka door. `description` never shows the value of a property.
public struct KafkaError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The closed list of what can go wrong.
  public enum Code: String, Sendable, CaseIterable {
    /// A property is unknown, has an impossible value, or belongs to the system.
    case invalidConfiguration = "invalid_configuration"
    /// No broker answered, or the one that leads is not there at the moment.
    case unreachable
    /// User, password or certificate were refused.
    case authentication
    /// Known, but not allowed.
    case authorization
    case unknownTopic = "unknown_topic"
    /// The log does not hold the offset: truncated before it, or ending before it. The consumer never jumps.
    case offsetOutOfRange = "offset_out_of_range"
    case timedOut = "timed_out"
    /// The producer's queue stayed full until the deadline.
    case queueFull = "queue_full"
    case messageTooLarge = "message_too_large"
    /// At least one record that was sent could not be delivered.
    case deliveryFailed = "delivery_failed"
    /// The client can do nothing more and must be made anew.
    case fatal
    /// The broker does not know this request.
    case unsupported
    /// `close()` was called before.
    case closed
    /// A broker of our own did not start or stop.
    case localBroker = "local_broker"
    case other
  }

  public let code: Code
  public let topic: String?
  public let partition: Int32?
  public let offset: Int64?
  /// Whether the same call may succeed later without anybody doing anything.
  public let isRetryable: Bool
  /// One sentence.
  public let reason: String
  /// librdkafka's name of the underlying error, as in `_TRANSPORT`.
  public let cause: String?

  public init(
    code: Code, topic: String? = nil, partition: Int32? = nil, offset: Int64? = nil, isRetryable: Bool = false,
    reason: String, cause: String? = nil
  ) {
    self.code = code
    self.topic = topic
    self.partition = partition
    self.offset = offset
    self.isRetryable = isRetryable
    self.reason = reason
    self.cause = cause
  }

  public var description: String {
    var text = "Kafka: \(reason)"
    var place: [String] = []
    if let topic { place.append("topic \(topic)") }
    if let partition { place.append("partition \(partition)") }
    if let offset { place.append("offset \(offset)") }
    if !place.isEmpty { text += " (\(place.joined(separator: ", ")))" }
    if let cause { text += " [\(cause)]" }
    return text
  }
}
