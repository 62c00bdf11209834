import CRDKafka

/// librdkafka's list of partitions of one topic, destroyed with this object.
final class PartitionList {
  let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

  init(topic: String, offsets: [Int32: Int64]) {
    pointer = rd_kafka_topic_partition_list_new(Int32(offsets.count))
    for (partition, offset) in offsets.sorted(by: { $0.key < $1.key }) {
      rd_kafka_topic_partition_list_add(pointer, topic, partition).pointee.offset = offset
    }
  }

  deinit { rd_kafka_topic_partition_list_destroy(pointer) }

  var elements: UnsafeBufferPointer<rd_kafka_topic_partition_t> {
    UnsafeBufferPointer(start: pointer.pointee.elems, count: Int(pointer.pointee.cnt))
  }

  /// The offsets as they are now.
  ///
  /// - Throws: The error of the first partition that has one.
  func offsets() throws(KafkaError) -> [Int32: Int64] {
    var result: [Int32: Int64] = [:]
    for element in elements {
      if element.err != RD_KAFKA_RESP_ERR_NO_ERROR {
        throw KafkaError(
          library: element.err, topic: String(cString: element.topic), partition: element.partition)
      }
      result[element.partition] = element.offset
    }
    return result
  }
}
