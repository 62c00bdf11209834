import CRDKafka
import Confinement
public import Vocabulary

/// How far a group is behind a topic.
struct GroupLag: Sendable {
  let records: Int64
  let hasCommits: Bool
}

/// Questions about topics and groups, and the making and deleting of topics. Nothing here joins a group.
///
/// Each call waits on a thread of its own until its deadline at most, trying again what is retryable.
public actor KafkaAdmin {
  private let thread = ConfinedThread(name: "kafka-admin")
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  private let configuration: KafkaConfiguration
  let handle: KafkaHandle
  /// The client that speaks for the group asked about last.
  private var groupHandle: (group: String, handle: KafkaHandle)?

  /// - Throws: `KafkaError.invalidConfiguration`, before any connection is made.
  public init(configuration: KafkaConfiguration) throws {
    self.configuration = configuration
    handle = try KafkaAdmin.makeHandle(configuration)
  }

  static func makeHandle(
    _ configuration: KafkaConfiguration, group: String? = nil, mayCreateTopics: Bool = false
  ) throws(KafkaError) -> KafkaHandle {
    var required = [
      "enable.auto.commit": "false", "allow.auto.create.topics": mayCreateTopics ? "true" : "false",
    ]
    if let group { required["group.id"] = group }
    return try KafkaHandle(
      .consumer, configuration, defaults: ["reconnect.backoff.max.ms": "1000", "socket.nagle.disable": "true"],
      required: required)
  }

  /// The number of partitions of a topic.
  ///
  /// - Throws: `KafkaError.unknownTopic`, `unreachable` or `timedOut` at the deadline, `authentication`, `authorization`.
  public func partitionCount(topic: String, until deadline: Deadline) throws -> Int32 {
    try KafkaAdmin.partitionCount(handle, topic: topic, until: deadline)
  }

  static func partitionCount(
    _ handle: KafkaHandle, topic: String, until deadline: Deadline
  ) throws(KafkaError) -> Int32 {
    try handle.retrying(until: deadline) { timeout throws(KafkaError) in
      guard let name = rd_kafka_topic_new(handle.pointer, topic, nil) else {
        throw KafkaError(library: rd_kafka_last_error(), topic: topic)
      }
      defer { rd_kafka_topic_destroy(name) }
      var metadata: UnsafePointer<rd_kafka_metadata>?
      let result = rd_kafka_metadata(handle.pointer, 0, name, &metadata, timeout)
      guard result == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { throw KafkaError(library: result, topic: topic) }
      defer { rd_kafka_metadata_destroy(metadata) }
      guard metadata.pointee.topic_cnt == 1, let found = metadata.pointee.topics?.pointee else {
        throw KafkaError(library: RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, topic: topic)
      }
      guard found.err == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(library: found.err, topic: topic) }
      // A topic just being made may have no leader yet.
      for index in 0..<Int(found.partition_cnt) where found.partitions[index].err != RD_KAFKA_RESP_ERR_NO_ERROR {
        let error = KafkaError(library: found.partitions[index].err, topic: topic)
        if error.isRetryable { throw error }
      }
      return found.partition_cnt
    }
  }

  /// Waits until any broker answers.
  ///
  /// - Returns: How many brokers the cluster has.
  public func brokerCount(until deadline: Deadline) throws -> Int {
    try handle.retrying(until: deadline) { timeout throws(KafkaError) in
      var metadata: UnsafePointer<rd_kafka_metadata>?
      let result = rd_kafka_metadata(handle.pointer, 0, nil, &metadata, timeout)
      guard result == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { throw KafkaError(library: result) }
      defer { rd_kafka_metadata_destroy(metadata) }
      return Int(metadata.pointee.broker_cnt)
    }
  }

  /// The topics that this client may see, by name; the cluster's own are left out.
  public func topicNames(until deadline: Deadline) throws -> [String] {
    try handle.retrying(until: deadline) { timeout throws(KafkaError) in
      var metadata: UnsafePointer<rd_kafka_metadata>?
      let result = rd_kafka_metadata(handle.pointer, 1, nil, &metadata, timeout)
      guard result == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { throw KafkaError(library: result) }
      defer { rd_kafka_metadata_destroy(metadata) }
      let topics = UnsafeBufferPointer(start: metadata.pointee.topics, count: Int(metadata.pointee.topic_cnt))
      return topics.map { String(cString: $0.topic) }.filter { !$0.hasPrefix("__") }.sorted()
    }
  }

  /// The offset after the last record of each partition, those of open transactions included; `endOffsets` stops before
  /// them unless `isolation.level` says otherwise.
  public func highWatermarks(topic: String, until deadline: Deadline) throws -> [Int32: Int64] {
    var seeingAll = configuration
    seeingAll.properties["isolation.level"] = "read_uncommitted"
    let other = try KafkaAdmin.makeHandle(seeingAll)
    defer { other.close() }
    return try KafkaAdmin.listOffsets(other, topic: topic, at: Int64(RD_KAFKA_OFFSET_END), until: deadline)
  }

  /// The offset after the last record of each partition.
  public func endOffsets(topic: String, until deadline: Deadline) throws -> [Int32: Int64] {
    try listOffsets(topic: topic, at: Int64(RD_KAFKA_OFFSET_END), until: deadline)
  }

  /// The offset of the first record of each partition that the log still holds.
  public func firstOffsets(topic: String, until deadline: Deadline) throws -> [Int32: Int64] {
    try listOffsets(topic: topic, at: Int64(RD_KAFKA_OFFSET_BEGINNING), until: deadline)
  }

  /// Both for every partition: where its log begins and ends.
  public func bounds(
    topic: String, until deadline: Deadline
  ) throws -> (firsts: [Int32: Int64], ends: [Int32: Int64]) {
    (try firstOffsets(topic: topic, until: deadline), try endOffsets(topic: topic, until: deadline))
  }

  /// The offset of the first record of each partition written at or after a time; the end where there is none.
  ///
  /// - Parameter milliseconds: Since 1970.
  public func offsets(topic: String, atTime milliseconds: Int64, until deadline: Deadline) throws -> [Int32: Int64] {
    let found = try listOffsets(topic: topic, at: max(milliseconds, 0), until: deadline)
    guard found.values.contains(where: { $0 < 0 }) else { return found }
    let ends = try endOffsets(topic: topic, until: deadline)
    return found.reduce(into: [:]) { $0[$1.key] = $1.value >= 0 ? $1.value : ends[$1.key] }
  }

  /// One ListOffsets request a leader, for all partitions together: −1 and −2 as times mean the end and the beginning.
  private func listOffsets(topic: String, at time: Int64, until deadline: Deadline) throws -> [Int32: Int64] {
    try KafkaAdmin.listOffsets(handle, topic: topic, at: time, until: deadline)
  }

  private static func listOffsets(
    _ handle: KafkaHandle, topic: String, at time: Int64, until deadline: Deadline
  ) throws -> [Int32: Int64] {
    let count = try partitionCount(handle, topic: topic, until: deadline)
    let times = Dictionary(uniqueKeysWithValues: (0..<count).map { ($0, time) })
    return try handle.retrying(until: deadline) { timeout throws(KafkaError) in
      let list = PartitionList(topic: topic, offsets: times)
      let result = rd_kafka_offsets_for_times(handle.pointer, list.pointer, timeout)
      if result != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(library: result, topic: topic) }
      return try list.offsets()
    }
  }

  /// The next offsets a group has committed; partitions without a commit are absent.
  public func committed(group: String, topic: String, until deadline: Deadline) throws -> [Int32: Int64] {
    let count = try partitionCount(topic: topic, until: deadline)
    let handle = try handle(for: group)
    let nowhere = Dictionary(
      uniqueKeysWithValues: (0..<count).map { ($0, Int64(RD_KAFKA_OFFSET_INVALID)) })
    return try handle.retrying(until: deadline) { timeout throws(KafkaError) in
      let list = PartitionList(topic: topic, offsets: nowhere)
      let result = rd_kafka_committed(handle.pointer, list.pointer, timeout)
      if result != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(library: result, topic: topic) }
      return try list.offsets().filter { $0.value >= 0 }
    }
  }

  /// Records between what a group has committed and the end of the log; from the first record where it has no commit.
  public func lag(group: String, topic: String, until deadline: Deadline) throws -> Int64 {
    try groupLag(group: group, topic: topic, until: deadline).records
  }

  /// The same, and whether the group has committed anything.
  func groupLag(group: String, topic: String, until deadline: Deadline) throws -> GroupLag {
    let next = try committed(group: group, topic: topic, until: deadline)
    let ends = try endOffsets(topic: topic, until: deadline)
    let firsts = next.count < ends.count ? try firstOffsets(topic: topic, until: deadline) : [:]
    let records = ends.reduce(0) { $0 + max(0, $1.value - (next[$1.key] ?? firsts[$1.key] ?? 0)) }
    return GroupLag(records: records, hasCommits: !next.isEmpty)
  }

  private func handle(for group: String) throws(KafkaError) -> KafkaHandle {
    if let groupHandle, groupHandle.group == group { return groupHandle.handle }
    try handle.check()
    let fresh = try KafkaAdmin.makeHandle(configuration, group: group)
    groupHandle?.handle.close()
    groupHandle = (group, fresh)
    return fresh
  }

  /// Runs `body` with a client that may create topics by asking for them.
  func withCreatingHandle<Result>(_ body: (KafkaHandle) throws -> Result) throws -> Result {
    let creating = try KafkaAdmin.makeHandle(configuration, mayCreateTopics: true)
    defer { creating.close() }
    return try body(creating)
  }

  public func close() {
    groupHandle?.handle.close()
    groupHandle = nil
    handle.close()
  }
}
