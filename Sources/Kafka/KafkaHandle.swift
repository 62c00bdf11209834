import CRDKafka
import Foundation
import Vocabulary

/// One librdkafka client. Used on the thread of the actor that owns it; its log callback comes from librdkafka's threads.
final class KafkaHandle {
  enum Kind { case producer, consumer }

  let pointer: OpaquePointer
  /// Where errors, delivery reports, commit results and statistics arrive as events.
  let events: OpaquePointer
  let context: HandleContext
  private(set) var isClosed = false
  /// The newest trouble that says more than "all brokers are down".
  private(set) var lastTrouble: KafkaError?
  /// Set once: nothing works after it.
  private(set) var fatalError: KafkaError?

  /// - Parameter defaults: What properties of the configuration may override.
  /// - Parameter required: What they may not.
  /// - Parameter eventTypes: `RD_KAFKA_EVENT_…` beside errors and statistics.
  /// - Throws: `KafkaError.invalidConfiguration`, before any connection is made.
  init(
    _ kind: Kind, _ configuration: KafkaConfiguration, defaults: [String: String] = [:],
    required: [String: String] = [:], eventTypes: Int32 = 0
  ) throws(KafkaError) {
    let redactor = configuration.redactor
    let properties = KafkaProperties(redactor: redactor)
    for (name, value) in defaults { try properties.set(name, value) }
    for (name, value) in configuration.properties.sorted(by: { $0.key < $1.key }) {
      try KafkaProperties.refuseReserved(name)
      try properties.set(name, value)
    }
    if !configuration.brokers.isEmpty { try properties.set("bootstrap.servers", configuration.brokers) }
    try properties.set("client.id", configuration.clientID)
    for (name, value) in required { try properties.set(name, value) }

    let context = HandleContext(observer: configuration.observer, redactor: redactor)
    let opaque = Unmanaged.passRetained(context)
    rd_kafka_conf_set_opaque(properties.pointer, opaque.toOpaque())
    rd_kafka_conf_set_log_cb(properties.pointer) { handle, level, facility, line in
      // No handle yet: a line about the configuration, which `rd_kafka_new` also returns.
      guard let handle, let opaque = rd_kafka_opaque(handle), let line else { return }
      Unmanaged<HandleContext>.fromOpaque(opaque).takeUnretainedValue()
        .log(level: Int(level), facility: facility.map { String(cString: $0) } ?? "", line: String(cString: line))
    }
    rd_kafka_conf_set_events(properties.pointer, RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS | eventTypes)

    var message = [CChar](repeating: 0, count: 512)
    let conf = properties.handOver()
    let type = kind == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
    guard let pointer = rd_kafka_new(type, conf, &message, message.count) else {
      rd_kafka_conf_destroy(conf)
      opaque.release()
      throw KafkaError(code: .invalidConfiguration, reason: redactor(text(of: message)))
    }
    self.pointer = pointer
    self.context = context
    // A reader without a group has no queue of its own.
    if kind == .consumer, rd_kafka_poll_set_consumer(pointer) == RD_KAFKA_RESP_ERR_NO_ERROR {
      events = rd_kafka_queue_get_consumer(pointer)
    } else {
      events = rd_kafka_queue_get_main(pointer)
    }
  }

  /// Hands every waiting event to `body`, after those that concern every client; waits up to `wait` for the first.
  ///
  /// - Returns: Whether there was any.
  @discardableResult
  func serveEvents(waitingUpTo wait: Duration = .zero, _ body: (OpaquePointer) -> Void = { _ in }) -> Bool {
    var timeout = Int32(clamping: wait.milliseconds(rounding: .up))
    var hadAny = false
    while let event = rd_kafka_queue_poll(events, timeout) {
      timeout = 0
      hadAny = true
      defer { rd_kafka_event_destroy(event) }
      switch rd_kafka_event_type(event) {
      case RD_KAFKA_EVENT_ERROR: noteTrouble(event)
      case RD_KAFKA_EVENT_STATS:
        if let json = rd_kafka_event_stats(event) { context.observe(.statistics(String(cString: json))) }
      default: body(event)
      }
    }
    return hadAny
  }

  private func noteTrouble(_ event: OpaquePointer) {
    let code = rd_kafka_event_error(event)
    let text = rd_kafka_event_error_string(event).map { context.redactor(String(cString: $0)) }
    if rd_kafka_event_error_is_fatal(event) != 0 {
      var message = [CChar](repeating: 0, count: 512)
      let original = rd_kafka_fatal_error(pointer, &message, message.count)
      fatalError = KafkaError(
        code: .fatal, reason: context.redactor(Kafka.text(of: message)),
        cause: String(cString: rd_kafka_err2name(original)))
    }
    let error = fatalError ?? KafkaError(library: code, reason: text)
    if code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN { lastTrouble = error }
    context.observe(.trouble(error))
  }

  /// Throws what ended this client, if anything did.
  func check() throws(KafkaError) {
    if isClosed { throw KafkaError(code: .closed, reason: "this client was closed") }
    if let fatalError { throw fatalError }
  }

  /// Runs a call that asks a broker until it succeeds, fails for good, or the deadline passes.
  ///
  /// - Parameter call: Given the milliseconds left; throws a retryable error to be called again.
  func retrying<Result>(
    until deadline: Deadline, _ call: (Int32) throws(KafkaError) -> Result
  ) throws(KafkaError) -> Result {
    lastTrouble = nil
    var patience = RetryPatience()
    while true {
      try check()
      do throws(KafkaError) {
        return try call(max(min(deadline, .after(patience.next())).remainingMilliseconds, 1))
      } catch {
        serveEvents()
        if let lastTrouble, lastTrouble.code == .authentication { throw lastTrouble }
        guard error.isRetryable, !deadline.hasPassed else { throw explained(error) }
        // The whole time, however many events there are: a call may fail at once, again and again.
        let again = Deadline.after(.milliseconds(100)).or(deadline)
        while !again.hasPassed { serveEvents(waitingUpTo: again.remaining) }
      }
    }
  }

  /// The first offset of a partition and the one after its last.
  func watermarks(
    _ topic: String, _ partition: Int32, until deadline: Deadline
  ) throws(KafkaError) -> (low: Int64, high: Int64) {
    try retrying(until: deadline) { timeout throws(KafkaError) in
      var (low, high) = (Int64(-1), Int64(-1))
      let result = rd_kafka_query_watermark_offsets(pointer, topic, partition, &low, &high, timeout)
      if result != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(library: result, topic: topic, partition: partition) }
      return (low, high)
    }
  }

  /// `error` with the newest trouble as its reason, when that says why nobody answered.
  private func explained(_ error: KafkaError) -> KafkaError {
    guard let lastTrouble, error.code == .timedOut || error.code == .unreachable else { return error }
    return KafkaError(
      code: lastTrouble.code == .other ? error.code : lastTrouble.code, topic: error.topic,
      partition: error.partition, offset: error.offset, isRetryable: error.isRetryable,
      reason: "no broker answered in time: \(lastTrouble.reason)", cause: lastTrouble.cause ?? error.cause)
  }

  /// Ends the client. Messages, events, queues and topics taken from it must have been destroyed before.
  ///
  /// The group is not asked for leave: a client that assigns its partitions itself never joined it.
  ///
  /// - Parameter inBackground: For a client with requests under way, whose end librdkafka awaits: up to a minute when
  ///   the broker is away.
  func close(inBackground: Bool = false) {
    guard !isClosed else { return }
    isClosed = true
    let end = HandleEnd(pointer: pointer, events: events, context: context)
    if inBackground {
      let thread = Thread { end.perform() }
      thread.name = "kafka-close"
      thread.start()
    } else {
      end.perform()
    }
  }
}

/// The destruction of a client, on whatever thread.
private struct HandleEnd: @unchecked Sendable {  // librdkafka locks its own state, and its owner let go of it.
  let pointer: OpaquePointer
  let events: OpaquePointer
  let context: HandleContext

  func perform() {
    rd_kafka_queue_destroy(events)
    rd_kafka_destroy_flags(pointer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
    // After the destruction no thread of the client is left to call back.
    Unmanaged.passUnretained(context).release()
  }
}

/// What the callbacks of one client need; outlives its handle.
final class HandleContext: Sendable {
  let observer: (@Sendable (KafkaNotice) -> Void)?
  let redactor: Redactor

  init(observer: (@Sendable (KafkaNotice) -> Void)?, redactor: Redactor) {
    self.observer = observer
    self.redactor = redactor
  }

  func log(level: Int, facility: String, line: String) {
    // One set of properties serves readers and writers: that each ignores the other's is no news.
    guard let observer, facility != "CONFWARN" || !line.contains("ignored by this") else { return }
    observer(.log(level: level, facility: facility, line: redactor(line)))
  }

  func observe(_ notice: KafkaNotice) { observer?(notice) }
}
