/// Where records come from: `source:` of the pipeline file.
public struct SourceSettings: Sendable, Hashable, Codable {
  public var topic: String
  /// Bootstrap servers; nil means the process's own (`RETRAIN_KAFKA_BROKERS` or the local broker).
  public var brokers: String?
  /// How many partitions the topic is created with where it does not exist; an existing topic keeps its own.
  public var partitions: Int = 4
  /// Whether `start` and `feed` make a topic that does not exist; false: they refuse.
  public var create: Bool = true
  public var format: RecordFormat = .json
  /// Records larger than this are rejected as oversized; bytes.
  public var recordBytesMax: Int = 1_000_000
  /// nil: `<topic>.dead-letter`.
  public var deadLetterTopic: String?
  /// The group that offsets are committed to, for lag tools only; nil: `retrain.<pipeline name>`.
  public var consumerGroup: String?
  /// Where a lineage without a checkpoint begins.
  public var start: StartPosition = .earliest
  /// What to do when the broker has removed records before they were read.
  public var onLost: LossPolicy = .stop
  /// Memory for fetched records, over all partitions of a worker; bytes.
  public var queueBytesMax: Int = 256 << 20
  /// Any librdkafka property, passed through as it is (SASL, TLS, …). Values can be secrets: never logged.
  public var librdkafka: [String: String] = [:]

  public enum RecordFormat: String, Sendable, Hashable, Codable, CaseIterable { case json }
  /// `stop`: nothing more is learned until somebody says how to go on. `skip`: goes on behind the gap and counts it.
  public enum LossPolicy: String, Sendable, Hashable, Codable, CaseIterable { case stop, skip }
  public enum StartPosition: String, Sendable, Hashable, Codable, CaseIterable { case earliest, latest }

  public init(topic: String) { self.topic = topic }

  public var effectiveDeadLetterTopic: String { deadLetterTopic ?? topic + ".dead-letter" }
}
