import CRDKafka

extension KafkaConsumer {
  static func makeHandle(
    _ configuration: KafkaConfiguration, group: String, bytesPerPartition: Int
  ) throws(KafkaError) -> KafkaHandle {
    try KafkaHandle(
      .consumer, configuration,
      defaults: readingDefaults(bytesPerPartition: bytesPerPartition, libraryVersion: rd_kafka_version()),
      required: [
        "group.id": group, "enable.auto.commit": "false", "enable.auto.offset.store": "false",
        // An offset that is not there is an error that names its place, never a jump.
        "auto.offset.reset": "error", "enable.partition.eof": "true", "allow.auto.create.topics": "false",
        "queued.max.messages.kbytes": String(min(max(bytesPerPartition >> 10, 1), 2_097_151)),
      ],
      eventTypes: RD_KAFKA_EVENT_OFFSET_COMMIT)
  }

  /// How far to read ahead.
  ///
  /// The count only bounds librdkafka's own memory for very small records; otherwise bytes limit a queue.
  static func readingDefaults(bytesPerPartition: Int, libraryVersion: Int32) -> [String: String] {
    var defaults = [
      // Small budgets must not be overrun by one answer.
      "fetch.message.max.bytes": String(min(max(bytesPerPartition / 4, 16 << 10), 1 << 20)),
      "fetch.wait.max.ms": "100",
      "reconnect.backoff.max.ms": "1000",
      "socket.nagle.disable": "true",
      "queued.min.messages": String(recordsMax(bytesPerPartition: bytesPerPartition)),
    ]
    if libraryVersion >= firstCuredVersion { defaults["fetch.queue.backoff.ms"] = "5" }
    return defaults
  }

  static func recordsMax(bytesPerPartition: Int) -> Int { min(max(bytesPerPartition / 256, 1000), 10_000_000) }

  /// What `queued.min.messages` is in effect.
  static func recordsLimit(_ configuration: KafkaConfiguration, bytesPerPartition: Int) -> Int {
    configuration.properties["queued.min.messages"].flatMap { Int($0) }
      ?? recordsMax(bytesPerPartition: bytesPerPartition)
  }
}
