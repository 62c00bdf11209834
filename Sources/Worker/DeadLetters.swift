import Kafka
import Synchronization
import Vocabulary

/// A record that was refused, on its way to the dead-letter topic.
struct DeadLetter: Sendable {
  let position: RecordPosition
  let reason: RejectReason
  let field: String?
  let key: [UInt8]?
  /// Cut to `DeadLetters.valueBytesMax`.
  let value: [UInt8]
  let originalBytes: Int

  var headers: [(String, String)] {
    var headers = [
      ("retrain.reason", reason.rawValue), ("retrain.topic", position.topic),
      ("retrain.partition", String(position.partition)), ("retrain.offset", String(position.offset)),
    ]
    if let field { headers.append(("retrain.field", field)) }
    if originalBytes > value.count { headers.append(("retrain.original-bytes", String(originalBytes))) }
    return headers
  }
}

/// Refused records between the decoder and the dead-letter topic.
///
/// The decoder puts; a checkpoint that covers a refused record waits for `deliver`, so none is lost. After a crash some
/// come again: their headers name topic, partition and offset, so a reader can tell.
actor DeadLetters {
  /// Kafka's default largest message is 1,048,588 bytes, headers included.
  static let valueBytesMax = 900_000

  private let producer: KafkaProducer
  private let topic: String
  private let waiting = Mutex<[DeadLetter]>([])
  private var tail: Task<Void, any Error>?

  init(producer: KafkaProducer, topic: String) {
    self.producer = producer
    self.topic = topic
  }

  /// Called on the consumer's thread. Bounded by the records of one poll: the pump delivers after each.
  nonisolated func put(_ letter: DeadLetter) { waiting.withLock { $0.append(letter) } }

  nonisolated var isEmpty: Bool { waiting.withLock { $0.isEmpty } }

  /// Hands what waits to the producer, after whatever an earlier call is still handing over.
  func send() async throws {
    let previous = tail
    let letters = waiting.withLock { letters in
      defer { letters.removeAll() }
      return letters
    }
    guard !letters.isEmpty || previous != nil else { return }
    let (producer, topic) = (producer, topic)
    let task = Task {
      do { try await previous?.value } catch {
        // What that call could not send is back in `waiting`; its caller saw the error.
      }
      for (place, letter) in letters.enumerated() {
        do {
          try await producer.send(
            topic: topic, key: letter.key, value: letter.value, headers: letter.headers, until: .after(.seconds(30)))
        } catch {
          waiting.withLock { $0.insert(contentsOf: letters[place...], at: 0) }
          throw error
        }
      }
    }
    tail = task
    try await task.value
  }

  /// Returns once the broker has everything that was put before the call.
  func deliver(until deadline: Deadline) async throws {
    try await send()
    try await producer.flush(until: deadline)
  }
}
