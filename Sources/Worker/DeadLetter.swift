import Kafka
package import Vocabulary

/// A record that was refused, on its way to the dead-letter topic.
package struct DeadLetter: Sendable {
  package let position: RecordPosition
  package let reason: RejectReason
  package let field: String?
  package private(set) var key: [UInt8]?
  package private(set) var value: [UInt8]
  /// The run beside the live one that refused it, by its name; nil: it was the live one.
  package var run: String?
  private let keyBytes: Int
  private let originalBytes: Int

  /// Kafka's default largest message is 1,048,588 bytes, headers included: more is cut off at once.
  private static let bytesMax = 900_000

  package init(
    position: RecordPosition, reason: RejectReason, field: String?, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer
  ) {
    self.position = position
    self.reason = reason
    self.field = field.map { String($0.prefix(200)) }
    self.key = key.map { Array($0.prefix(Self.bytesMax + 1)) }
    self.value = Array(value.prefix(Self.bytesMax))
    keyBytes = key?.count ?? 0
    originalBytes = value.count
    cut(to: Self.bytesMax)
  }

  package var headers: [(String, String)] {
    var headers = [
      ("retrain.reason", reason.rawValue), ("retrain.topic", position.topic),
      ("retrain.partition", String(position.partition)), ("retrain.offset", String(position.offset)),
    ]
    if let run { headers.append(("retrain.run", run)) }
    if let field { headers.append(("retrain.field", field)) }
    if originalBytes > value.count { headers.append(("retrain.original-bytes", String(originalBytes))) }
    if keyBytes > 0, key == nil { headers.append(("retrain.key-bytes", String(keyBytes))) }
    return headers
  }

  package var isCut: Bool { originalBytes > value.count || (keyBytes > 0 && key == nil) }

  /// What the message takes of a limit, at most.
  package var bytes: Int {
    headers.reduce(KafkaProducer.envelopeBytes + (key?.count ?? 0) + value.count) {
      $0 + $1.0.utf8.count + $1.1.utf8.count + 8
    }
  }

  /// Shortens the value until the message fits, and leaves out a key that takes more than half of the room. (Half a key
  /// would be another key.)
  ///
  /// - Returns: Whether it fits; not where the headers alone are too many.
  @discardableResult
  package mutating func cut(to limit: Int) -> Bool {
    guard bytes > limit else { return true }
    if let key, key.count > limit / 2 { self.key = nil }
    let excess = bytes - limit
    guard excess > 0 else { return true }
    // The header that tells of the cut costs something itself.
    value.removeLast(min(value.count, excess + 48))
    return bytes <= limit
  }

  /// A compacted topic takes no message without a key; the place is one that no other letter has.
  package mutating func takePlaceAsKey() { key = Array(position.description.utf8) }
}

/// What became of refused records so far, since the process began.
package struct DeadLetterCounts: Sendable, Hashable, Codable {
  package var delivered: Int64 = 0
  /// Of the delivered, those that were shortened.
  package var cut: Int64 = 0
  /// Those that the dead-letter topic did not take: the record is counted as rejected, its bytes are in the source topic
  /// alone.
  package var lost: Int64 = 0
  /// On their way.
  package var waiting: Int64 = 0

  package init() {}
}

/// A refused record whose bytes did not get into the dead-letter topic.
package struct LostLetter: Sendable {
  package let position: RecordPosition
  package let cause: String
}
