import CRDKafka
public import Vocabulary

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

  /// By which the record is known again.
  public var mark: StreamMark {
    StreamMark(partition: partition, offset: offset, time: timestamp, digest: digest)
  }

  /// Of the key and of the value's ends: telling records apart, not guarding them.
  ///
  /// - Source: FNV-1a (Fowler, Noll, Vo).
  private var digest: UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ bytes: some Sequence<UInt8>) {
      for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    }
    func add(count: Int) { withUnsafeBytes(of: UInt64(count).littleEndian) { add($0) } }
    add(count: key.map { 1 + $0.count } ?? 0)
    if let key { add(key.prefix(512)) }
    add(count: isTombstone ? 0 : 1 + value.count)
    add(value.prefix(512))
    add(value.suffix(512))
    return hash
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
