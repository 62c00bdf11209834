import CRDKafka

/// One record as it lies in librdkafka's memory: valid inside the body it is handed to, and nowhere else.
public struct KafkaRecord {
  let message: UnsafePointer<rd_kafka_message_t>

  public var partition: Int32 { message.pointee.partition }
  public var offset: Int64 { message.pointee.offset }

  /// Nil when the record was written without a key.
  public var key: UnsafeRawBufferPointer? {
    message.pointee.key.map { UnsafeRawBufferPointer(start: $0, count: message.pointee.key_len) }
  }

  /// Empty for a null value (a tombstone); `isTombstone` tells.
  public var value: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: message.pointee.payload, count: message.pointee.payload == nil ? 0 : message.pointee.len)
  }

  public var isTombstone: Bool { message.pointee.payload == nil }

  /// Milliseconds since 1970, of the producer or of the broker as the topic is set; −1 when there is none.
  public var timestamp: Int64 {
    var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
    return rd_kafka_message_timestamp(message, &type)
  }

  /// The headers in order, copied; a null value is empty. For the slow path.
  public var headers: [(name: String, value: [UInt8])] {
    var list: OpaquePointer?
    guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return [] }
    var result: [(name: String, value: [UInt8])] = []
    var name: UnsafePointer<CChar>?
    var value: UnsafeRawPointer?
    var size = 0
    while rd_kafka_header_get_all(list, result.count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
      guard let name else { break }
      result.append(
        (String(cString: name), Array(UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : size))))
    }
    return result
  }
}
