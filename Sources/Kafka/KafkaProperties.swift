import CRDKafka

/// A librdkafka configuration in the making; handed over to the handle, or destroyed.
final class KafkaProperties {
  private var conf: OpaquePointer?
  private let redactor: Redactor

  init(redactor: Redactor) {
    conf = rd_kafka_conf_new()
    self.redactor = redactor
  }

  deinit { if let conf { rd_kafka_conf_destroy(conf) } }

  var pointer: OpaquePointer {
    guard let conf else { preconditionFailure("the configuration was handed over before") }
    return conf
  }

  /// What exactly-once reading and writing rest on: refused among the properties of a pipeline.
  static let reserved: Set<String> = [
    "bootstrap.servers", "metadata.broker.list", "client.id", "group.id", "group.instance.id", "enable.auto.commit",
    "auto.commit.enable", "enable.auto.offset.store", "auto.offset.reset", "enable.partition.eof",
    "enable.idempotence", "transactional.id", "delivery.report.only.error", "enable.gapless.guarantee",
    "log.queue", "log.thread.name", "test.mock.num.brokers", "queued.max.messages.kbytes", "allow.auto.create.topics",
  ]

  static func refuseReserved(_ name: String) throws(KafkaError) {
    guard reserved.contains(name) else { return }
    throw KafkaError(
      code: .invalidConfiguration, reason: "the property '\(name)' is set by the system and cannot be given")
  }

  /// - Throws: `KafkaError.invalidConfiguration` in librdkafka's words, without the value of a secret.
  func set(_ name: String, _ value: String) throws(KafkaError) {
    var message = [CChar](repeating: 0, count: 512)
    let result = rd_kafka_conf_set(pointer, name, value, &message, message.count)
    guard result != RD_KAFKA_CONF_OK else { return }
    throw KafkaError(code: .invalidConfiguration, reason: redactor(text(of: message)))
  }

  /// The configuration for `rd_kafka_new`, which owns it from then on (unless it fails).
  func handOver() -> OpaquePointer {
    let pointer = pointer
    conf = nil
    return pointer
  }
}

/// The text of a zero-terminated buffer that a C function filled.
func text(of buffer: [CChar]) -> String {
  String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
