import CRDKafka

/// The admin requests, each sent once; the caller tries again what is retryable.
extension KafkaHandle {
  func requestCreation(
    _ topic: String, _ partitions: Int32, _ replicas: Int32, _ properties: [String: String], timeout: Int32
  ) throws(KafkaError) {
    var message = [CChar](repeating: 0, count: 512)
    guard let new = rd_kafka_NewTopic_new(topic, partitions, replicas, &message, message.count) else {
      throw KafkaError(code: .invalidConfiguration, topic: topic, reason: Kafka.text(of: message))
    }
    defer { rd_kafka_NewTopic_destroy(new) }
    for (name, value) in properties { rd_kafka_NewTopic_set_config(new, name, value) }
    let event = try answer(RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout: timeout, topic: topic) { options, queue in
      var topics: [OpaquePointer?] = [new]
      rd_kafka_CreateTopics(pointer, &topics, 1, options, queue)
    }
    defer { rd_kafka_event_destroy(event) }
    var count = 0
    let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
    try checkSingle(results, count, topic)
  }

  func requestDeletion(_ topic: String, timeout: Int32) throws(KafkaError) {
    guard let doomed = rd_kafka_DeleteTopic_new(topic) else { return }
    defer { rd_kafka_DeleteTopic_destroy(doomed) }
    let event = try answer(RD_KAFKA_ADMIN_OP_DELETETOPICS, timeout: timeout, topic: topic) { options, queue in
      var topics: [OpaquePointer?] = [doomed]
      rd_kafka_DeleteTopics(pointer, &topics, 1, options, queue)
    }
    defer { rd_kafka_event_destroy(event) }
    var count = 0
    let results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count)
    try checkSingle(results, count, topic)
  }

  func requestRecordDeletion(
    _ topic: String, _ partition: Int32, before offset: Int64, timeout: Int32
  ) throws(KafkaError) {
    let list = PartitionList(topic: topic, offsets: [partition: offset])
    guard let doomed = rd_kafka_DeleteRecords_new(list.pointer) else { return }
    defer { rd_kafka_DeleteRecords_destroy(doomed) }
    let event = try answer(RD_KAFKA_ADMIN_OP_DELETERECORDS, timeout: timeout, topic: topic) { options, queue in
      var records: [OpaquePointer?] = [doomed]
      rd_kafka_DeleteRecords(pointer, &records, 1, options, queue)
    }
    defer { rd_kafka_event_destroy(event) }
    let results = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event))
    if let element = results?.pointee.elems?.pointee, element.err != RD_KAFKA_RESP_ERR_NO_ERROR {
      throw KafkaError(library: element.err, topic: topic, partition: partition, offset: offset)
    }
  }

  /// Throws the error of the only result of a request about topics.
  private func checkSingle(
    _ results: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int, _ topic: String
  ) throws(KafkaError) {
    guard count == 1, let result = results?[0] else {
      throw KafkaError(code: .other, topic: topic, reason: "the broker's answer names no topic")
    }
    let error = rd_kafka_topic_result_error(result)
    if error != RD_KAFKA_RESP_ERR_NO_ERROR {
      throw KafkaError(
        library: error, topic: topic,
        reason: rd_kafka_topic_result_error_string(result).map { context.redactor(String(cString: $0)) })
    }
  }

  /// Sends one request and waits for the event that answers it.
  private func answer(
    _ operation: rd_kafka_admin_op_t, timeout: Int32, topic: String,
    _ send: (_ options: OpaquePointer?, _ queue: OpaquePointer?) -> Void
  ) throws(KafkaError) -> OpaquePointer {
    let queue = rd_kafka_queue_new(pointer)
    defer { rd_kafka_queue_destroy(queue) }
    let options = rd_kafka_AdminOptions_new(pointer, operation)
    defer { rd_kafka_AdminOptions_destroy(options) }
    var message = [CChar](repeating: 0, count: 512)
    rd_kafka_AdminOptions_set_request_timeout(options, timeout, &message, message.count)
    send(options, queue)
    // The request answers with its own time-out; the margin only keeps a bug from waiting for ever.
    guard let event = rd_kafka_queue_poll(queue, timeout + 5000) else {
      throw KafkaError(code: .timedOut, topic: topic, isRetryable: true, reason: "the broker did not answer")
    }
    let error = rd_kafka_event_error(event)
    guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
      let reason = rd_kafka_event_error_string(event).map { context.redactor(String(cString: $0)) }
      rd_kafka_event_destroy(event)
      throw KafkaError(library: error, topic: topic, reason: reason)
    }
    return event
  }
}
