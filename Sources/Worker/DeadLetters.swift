package import Kafka
import Synchronization
package import Vocabulary

/// Refused records between the decoder and the dead-letter topic.
///
/// The decoder puts; a checkpoint that covers a refused record waits for `deliver`. A letter that is too large for the topic
/// is cut until it fits. One that the topic does not take at all (it is gone, forbidden, or without a leader for
/// `patience`) is counted as lost and told: the stream goes on. From then on the topic is known to be away, and the next
/// letters are tried for seconds only, until one arrives: no checkpoint waits for each of them anew. After a crash some
/// come again: their headers name topic, partition and offset, so a reader can tell.
package actor DeadLetters {
  private let configuration: KafkaConfiguration
  private let topic: String
  private let letters = Mutex(Letters())
  private nonisolated let run: String?
  private var producer: KafkaProducer?
  /// The largest message that is tried; halved whenever the topic refuses one of it.
  private var limit: Int
  private var underWay: [Int: Sent] = [:]
  private var lastTag = 0
  /// A letter was lost because nobody led the topic for `patience`, and none has arrived since.
  package private(set) var isAway = false
  private let patience: Duration
  private var isBusy = false
  private var queue: [CheckedContinuation<Void, Never>] = []

  private struct Letters {
    var waiting: [Numbered] = []
    /// Of the letter that was put last.
    var number = 0
    var lost: [LostLetter] = []
    var lastTold: ContinuousClock.Instant?
    var counts = DeadLetterCounts()
  }

  /// A letter with its place in the order of putting, which it keeps however often it is tried.
  private struct Numbered {
    var number: Int
    var letter: DeadLetter
  }

  private struct Sent {
    var letter: Numbered
    var limit: Int
  }

  /// The same for a topic that is away.
  private static let patienceAway = Duration.seconds(5)
  /// How long `deliver` keeps the producer to itself.
  private static let turn = Duration.milliseconds(200)
  /// How many lost letters are told one by one; all are counted.
  private static let toldMax = 1000
  /// A topic that refuses everything is told of once in this time.
  private static let tellingInterval = Duration.seconds(60)

  /// - Parameters:
  ///   - run: The run beside the live one that refuses them, by its name; nil: it is the live one.
  ///   - patience: How long the topic may be without a leader before its letters are counted as lost.
  package init(
    configuration: KafkaConfiguration, topic: String, run: String? = nil, patience: Duration = .seconds(300)
  ) {
    self.run = run
    self.configuration = configuration
    self.topic = topic
    self.patience = patience
    limit = configuration.properties["message.max.bytes"].flatMap { Int($0) } ?? KafkaProducer.messageBytesDefault
  }

  /// Called on the consumer's thread. Bounded by the records of one poll: the pump polls again once they are sent.
  package nonisolated func put(_ letter: DeadLetter) {
    var letter = letter
    letter.run = run
    let named = letter
    letters.withLock { letters in
      letters.number += 1
      letters.waiting.append(Numbered(number: letters.number, letter: named))
    }
  }

  /// Whether the producer has all.
  package nonisolated var isEmpty: Bool { letters.withLock { $0.waiting.isEmpty } }

  /// Any thread.
  package nonisolated var counts: DeadLetterCounts { letters.withLock { $0.counts } }

  /// Those that were lost since somebody last told of any, at most once a minute.
  ///
  /// - Parameter atOnce: However long ago that was.
  package nonisolated func takeLost(atOnce: Bool = false) -> [LostLetter] {
    letters.withLock { letters in
      let now = ContinuousClock.now
      if !atOnce, let last = letters.lastTold, last.duration(to: now) < Self.tellingInterval { return [] }
      defer { letters.lost.removeAll() }
      if !letters.lost.isEmpty { letters.lastTold = now }
      return letters.lost
    }
  }

  /// Gives back what could not be told.
  nonisolated func restore(lost: [LostLetter]) {
    letters.withLock { letters in
      letters.lost.insert(contentsOf: lost, at: 0)
      letters.lastTold = nil
    }
  }

  /// Hands what waits to the producer.
  ///
  /// - Throws: `KafkaError.queueFull` when it took nothing for so long; what is left waits.
  package func send(until deadline: Deadline = .after(.seconds(30))) async throws {
    await enter()
    defer { leave() }
    try await sendWaiting(until: deadline)
    try await settle()
  }

  /// Returns once everything that was put before the call is in the topic, or counted as lost. What is put meanwhile is
  /// for a later call: records that go on being refused hold no checkpoint up.
  ///
  /// - Throws: `KafkaError.timedOut` at the deadline.
  package func deliver(until deadline: Deadline) async throws {
    let newest = letters.withLock { $0.number }
    while try await !isDelivered(upTo: newest, until: deadline) {}
  }

  /// One turn of `deliver`; between two of them others send.
  private func isDelivered(upTo number: Int, until deadline: Deadline) async throws -> Bool {
    await enter()
    defer { leave() }
    try await sendWaiting(until: deadline)
    try await settle()
    let isWaiting = letters.withLock { $0.waiting.contains { $0.number <= number } }
    guard isWaiting || underWay.values.contains(where: { $0.letter.number <= number }) else { return true }
    guard let producer else { return false }
    do { try await producer.flush(until: .after(Self.turn).or(deadline)) } catch let error as KafkaError {
      if deadline.hasPassed, error.code == .timedOut { throw error }
      if error.code != .timedOut { try await renew() }
    }
    return false
  }

  package func close() async {
    await producer?.close()
    producer = nil
  }

  // MARK: Sending

  private func sendWaiting(until deadline: Deadline) async throws {
    let waiting = letters.withLock { letters in
      defer { letters.waiting.removeAll() }
      return letters.waiting
    }
    for (place, letter) in waiting.enumerated() {
      do { try await send(letter, until: deadline) } catch {
        letters.withLock { $0.waiting.insert(contentsOf: waiting[place...], at: 0) }
        throw error
      }
    }
  }

  /// Queues one letter, cut to what is known to fit.
  private func send(_ numbered: Numbered, until deadline: Deadline) async throws {
    var letter = numbered.letter
    while true {
      guard letter.cut(to: limit) else {
        return lose(letter, "even without its value it is larger than the topic's messages may be")
      }
      lastTag += 1
      let tag = lastTag
      do {
        try await current().send(
          topic: topic, key: letter.key, value: letter.value, headers: letter.headers, tag: tag, until: deadline)
        underWay[tag] = Sent(letter: Numbered(number: numbered.number, letter: letter), limit: limit)
        return
      } catch let error as KafkaError {
        switch error.code {
        case .queueFull: throw error
        case .messageTooLarge where limit > KafkaProducer.messageBytesLeast: try await halve(limit)
        case .fatal, .closed: try await renew()
        default: return lose(letter, error.description)
        }
      }
    }
  }

  /// Looks what became of the letters under way; what can be tried otherwise waits again.
  private func settle() async throws {
    guard let producer else { return }
    var refused: [(Sent, KafkaError)] = []
    var hasArrived = false
    for report in await producer.takeReports() {
      guard let sent = underWay.removeValue(forKey: report.tag) else { continue }
      if let error = report.error {
        refused.append((sent, error))
      } else {
        noteDelivery(of: sent.letter.letter)
        hasArrived = true
      }
    }
    for (sent, error) in refused { try await retry(sent, after: error) }
    let isAbsent = refused.contains { $0.1.cause == "_MSG_TIMED_OUT" }
    if isAway ? hasArrived : isAbsent && !hasArrived {
      isAway.toggle()
      // With the other patience, also for those under way.
      try await renew()
    }
    let count = underWay.count
    letters.withLock { $0.counts.waiting = Int64($0.waiting.count + count) }
  }

  private func retry(_ sent: Sent, after error: KafkaError) async throws {
    var numbered = sent.letter
    let letter = numbered.letter
    switch error.cause {
    case "MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE":
      // A batch is refused as a whole: smaller batches first, then smaller letters.
      guard sent.limit > KafkaProducer.messageBytesLeast else { return lose(letter, error.description) }
      try await halve(sent.limit)
    case "INVALID_RECORD" where letter.key == nil: numbered.letter.takePlaceAsKey()
    case "_PURGE_QUEUE", "_PURGE_INFLIGHT", "_FATAL": break
    default: return lose(letter, error.description)
    }
    letters.withLock { $0.waiting.append(numbered) }
  }

  /// Counts a letter that could not even be written.
  nonisolated func noteLost(_ position: RecordPosition, cause: String) {
    letters.withLock { letters in
      letters.counts.lost += 1
      if letters.lost.count < Self.toldMax { letters.lost.append(LostLetter(position: position, cause: cause)) }
    }
  }

  private func noteDelivery(of letter: DeadLetter) {
    letters.withLock { letters in
      letters.counts.delivered += 1
      if letter.isCut { letters.counts.cut += 1 }
    }
  }

  private func lose(_ letter: DeadLetter, _ cause: String) { noteLost(letter.position, cause: cause) }

  // MARK: The producer

  private func current() throws -> KafkaProducer {
    if let producer { return producer }
    let fresh = try KafkaProducer(
      configuration: configuration, patience: isAway ? min(patience, Self.patienceAway) : patience,
      messageBytesMax: limit)
    producer = fresh
    return fresh
  }

  /// After a message of `refused` bytes or less was too large; others may have halved the limit already.
  private func halve(_ refused: Int) async throws {
    guard refused <= limit else { return }
    limit = max(KafkaProducer.messageBytesLeast, refused / 2)
    try await renew()
  }

  /// A producer with the limit of now; what the one before has under way is told of or sent again.
  private func renew() async throws {
    guard let old = producer else { return }
    producer = nil
    try? await old.flush(until: .after(.seconds(2)))
    let reports = await old.takeReports()
    await old.close()
    for report in reports where report.error == nil {
      if let sent = underWay.removeValue(forKey: report.tag) { noteDelivery(of: sent.letter.letter) }
    }
    let again = underWay.sorted { $0.key < $1.key }.map(\.value.letter)
    underWay = [:]
    letters.withLock { $0.waiting.append(contentsOf: again) }
  }

  // MARK: One at a time

  private func enter() async {
    guard isBusy else {
      isBusy = true
      return
    }
    await withCheckedContinuation { queue.append($0) }
  }

  private func leave() {
    if queue.isEmpty { isBusy = false } else { queue.removeFirst().resume() }
  }
}
