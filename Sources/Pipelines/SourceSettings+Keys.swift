extension SourceSettings {
  static let section: Section<SourceSettings> = Section(
    doc: "Where records come from.",
    prototype: SourceSettings(topic: ""),
    keys: [
      Key("topic", \.topic, .topic, isRequired: true, "The Kafka topic to learn from."),
      Key(
        "brokers", \.brokers, .ifGiven(.brokers),
        "Bootstrap servers; without it those of the process: RETRAIN_KAFKA_BROKERS, or the local broker."),
      Key(
        "partitions", \.partitions, .integer(1...10_000),
        "Partitions the topic is created with where it does not exist; an existing topic keeps its own."),
      Key(
        "create", \.create, .boolean,
        "Whether a topic that does not exist is made, the dead-letter topic too; false: start and feed refuse."),
      Key("format", \.format, .choice, "How a record is encoded: one JSON object a message."),
      Key(
        "record_bytes_max", \.recordBytesMax, .bytes(64...(64 << 20)),
        "Records larger than this are rejected as oversized."),
      Key(
        "dead_letter_topic", \.deadLetterTopic, .ifGiven(.topic),
        "Where rejected records go; without it <topic>.dead-letter."),
      Key(
        "consumer_group", \.consumerGroup, .ifGiven(.line("the name of a consumer group")),
        "The group that offsets are committed to, for lag tools only; without it retrain.<pipeline name>."),
      Key("start", \.start, .choice, "Where a lineage without a checkpoint begins."),
      Key(
        "on_lost", \.onLost, .choice,
        "When the broker has removed records before they were read: stop, or skip them and count them as lost."),
      Key(
        "queue_bytes_max", \.queueBytesMax, .bytes((1 << 20)...(64 << 30)),
        "Memory for fetched records, over all partitions of a worker."),
      Key(
        "librdkafka", \.librdkafka, .clientProperties,
        "Any librdkafka property, passed through as it is: SASL, TLS, timeouts. Secrets belong into ${env:NAME}."),
    ])

  /// Properties that `retrain` sets itself, and what to write instead.
  static let reservedProperties: [String: String] = [
    "bootstrap.servers": "write source.brokers",
    "metadata.broker.list": "write source.brokers",
    "group.id": "write source.consumer_group",
    "auto.offset.reset": "write source.start",
    "enable.auto.commit": "leave it out; offsets live in the checkpoints",
    "enable.auto.offset.store": "leave it out; offsets live in the checkpoints",
    "enable.partition.eof": "leave it out; the end of a partition must be seen",
    "partition.assignment.strategy": "leave it out; partitions are dealt by rank",
    "queued.max.messages.kbytes": "write source.queue_bytes_max",
  ]

  /// Whether the effective pipeline may show the value: only of properties that cannot hold a secret.
  static func isShown(_ property: String) -> Bool {
    ["security.protocol", "sasl.mechanism", "sasl.mechanisms", "client.id", "client.rack", "compression.type", "acks"]
      .contains(property) || [".ms", ".bytes", ".kbytes", ".messages"].contains { property.hasSuffix($0) }
  }

  static let mask = "********"
}

extension ValueKind where Value == String {
  static let topic = ValueKind.text(
    "1 to 249 letters, digits, dots, underscores and hyphens", pattern: "^(?!\\.{1,2}$)[A-Za-z0-9._-]{1,249}$")

  static func line(_ expects: String) -> ValueKind { .text(expects, pattern: "^[^\\x00-\\x1f\\x7f]{1,1000}$") }
}

extension ValueKind where Value == String {
  /// Bootstrap servers. A mistake never shows the value: people put passwords into addresses.
  static let brokers: ValueKind = {
    let line = line("bootstrap servers, such as kafka-1:9092,kafka-2:9092")
    return ValueKind(
      expects: line.expects, schema: line.schema,
      read: { node, path, reader in
        guard case .scalar(let scalar) = node.content, !scalar.isNull else { return line.read(node, path, reader) }
        guard let mistake = BrokerAddresses.mistake(in: scalar.text) else { return line.read(node, path, reader) }
        reader.note(at: node.place, "\(path): \(mistake)", "write \(line.expects)")
        return nil
      }, write: line.write)
  }()
}

extension ValueKind where Value == [String: String] {
  /// A free mapping of property names to text. Values are masked on their way out unless known to be harmless.
  static let clientProperties = ValueKind(
    expects: "a mapping of librdkafka properties to values",
    schema: [
      .init("type", .text("object")),
      .init(
        "additionalProperties",
        .mapping([.init("type", .list([.text("string"), .text("number"), .text("boolean")]))])),
    ],
    read: { node, path, reader in
      guard case .mapping(let entries) = node.content else {
        if case .unreadable = node.content { return nil }
        reader.note(at: node.place, "\(path) is \(node.summary)", "write a mapping of librdkafka properties to values")
        return nil
      }
      var properties: [String: String] = [:]
      var isComplete = true
      for entry in entries {
        reader.remember("\(path).\(entry.key)", at: entry.keyPlace)
        if let remedy = SourceSettings.reservedProperties[entry.key] {
          reader.note(at: entry.keyPlace, "retrain sets the property `\(entry.key)` itself", remedy)
          isComplete = false
        }
        switch entry.value.content {
        case .scalar(let scalar) where !scalar.isNull: properties[entry.key] = scalar.text
        case .unreadable: isComplete = false
        default:
          // Not the value: it may be a secret.
          reader.note(at: entry.value.place, "`\(shortened(entry.key))` has no text as its value", "write one value")
          isComplete = false
        }
      }
      return isComplete ? properties : nil
    },
    write: { properties in
      properties.isEmpty
        ? nil
        : .mapping(
          properties.sorted { $0.key < $1.key }.map {
            .init($0.key, .text(SourceSettings.isShown($0.key) ? $0.value : SourceSettings.mask))
          })
    })
}
