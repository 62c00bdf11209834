import Kafka

/// How large a record the producer of a feed takes, and the properties that say so.
package struct ProducerSize {
  /// The most bytes of a record with its key: what goes around it counts as well, for the producer and for the brokers.
  package let recordBytesMax: Int
  package let properties: [String: String]

  /// As much as a broker takes by default.
  private static let usual = KafkaProducer.messageBytesDefault
  private static let name = "message.max.bytes"

  /// - Parameters:
  ///   - properties: Of the pipeline; one that gives the size itself is followed.
  ///   - wanted: What the reader takes, or the person wants; nil: nobody said.
  package init(properties: [String: String], wanted: Int?) {
    var properties = properties
    let messageBytesMax: Int
    if let given = properties[Self.name].flatMap({ Int($0) }) {
      messageBytesMax = given
    } else {
      // Room for a key.
      messageBytesMax = max(Self.usual, wanted.map { min($0 + 4096, 1_000_000_000) } ?? 0)
      if messageBytesMax > Self.usual { properties[Self.name] = String(messageBytesMax) }
    }
    recordBytesMax = messageBytesMax - KafkaProducer.envelopeBytes
    self.properties = properties
  }
}
