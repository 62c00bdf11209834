import CRDKafka
public import Vocabulary

extension KafkaAdmin {
  /// Makes a topic; one that exists already is left as it is.
  ///
  /// The development broker of librdkafka does not know the request: there a topic is made by asking for it, with
  /// the partition count that the broker gives every topic (4), unless the broker itself was told of the topic before.
  ///
  /// - Parameter replicas: Copies of each partition; nil takes the broker's default.
  /// - Parameter properties: Topic properties, as `retention.ms`.
  /// - Returns: How many partitions the topic has, which differs from `partitions` when it existed.
  public func createTopic(
    _ topic: String, partitions: Int32, replicas: Int32? = nil, properties: [String: String] = [:],
    until deadline: Deadline
  ) throws -> Int32 {
    guard try !isDevelopmentBroker(until: deadline) else {
      return try withCreatingHandle { try KafkaAdmin.partitionCount($0, topic: topic, until: deadline) }
    }
    do {
      try handle.retrying(until: deadline) { timeout throws(KafkaError) in
        try handle.requestCreation(topic, partitions, replicas ?? -1, properties, timeout: timeout)
      }
    } catch {
      if error.cause != "TOPIC_ALREADY_EXISTS" { throw error }
    }
    return try awaitTopic(topic, until: deadline)
  }

  /// Whether the cluster is librdkafka's own: it names itself, and names a controller that does not exist, so that every
  /// request to one would wait until its deadline.
  private func isDevelopmentBroker(until deadline: Deadline) throws -> Bool {
    _ = try brokerCount(until: deadline)
    guard let name = rd_kafka_clusterid(handle.pointer, max(deadline.remainingMilliseconds, 1)) else { return false }
    defer { rd_kafka_mem_free(handle.pointer, name) }
    return String(cString: name).hasPrefix("mockCluster")
  }

  /// Deletes a topic with all its records; one that does not exist is fine. Returns when it is gone.
  public func deleteTopic(_ topic: String, until deadline: Deadline) throws {
    do {
      try handle.retrying(until: deadline) { timeout throws(KafkaError) in
        try handle.requestDeletion(topic, timeout: timeout)
      }
      // The brokers hear of it a moment later.
      while true {
        _ = try KafkaAdmin.partitionCount(handle, topic: topic, until: deadline)
        guard !deadline.hasPassed else {
          throw KafkaError(code: .timedOut, topic: topic, isRetryable: true, reason: "the topic is still there")
        }
        handle.serveEvents(waitingUpTo: .milliseconds(20))
      }
    } catch let error as KafkaError where error.code == .unknownTopic {
      return
    }
  }

  /// Forgets the records of a partition before an offset, as retention does.
  public func deleteRecords(topic: String, partition: Int32, before offset: Int64, until deadline: Deadline) throws {
    try handle.retrying(until: deadline) { timeout throws(KafkaError) in
      try handle.requestRecordDeletion(topic, partition, before: offset, timeout: timeout)
    }
  }

  /// Waits until the brokers agree that a topic made a moment ago is there.
  private func awaitTopic(_ topic: String, until deadline: Deadline) throws -> Int32 {
    while true {
      do {
        return try partitionCount(topic: topic, until: deadline)
      } catch let error as KafkaError where error.code == .unknownTopic && !deadline.hasPassed {
        handle.serveEvents(waitingUpTo: .milliseconds(20))
      }
    }
  }
}
