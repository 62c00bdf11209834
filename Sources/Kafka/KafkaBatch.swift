/// Records to publish, packed into one block of bytes: a batch crosses threads with one allocation, not two a record.
public struct KafkaBatch: Sendable {
  private struct Entry {
    let keyStart: Int
    /// −1 for no key.
    let keyBytes: Int
    let valueBytes: Int
  }
  private var bytes: [UInt8] = []
  private var entries: [Entry] = []

  public init() {}

  public var count: Int { entries.count }
  public var isEmpty: Bool { entries.isEmpty }
  /// Keys and values together.
  public var payloadBytes: Int { bytes.count }

  /// Keys and values of the records from `start` up to `end`, without it.
  func payloadBytes(from start: Int, upTo end: Int) -> Int {
    (end < count ? entries[end].keyStart : bytes.count) - (start < count ? entries[start].keyStart : bytes.count)
  }

  /// Copies one record to the end. A nil key leaves the choice of the partition to chance.
  public mutating func append(key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer) {
    entries.append(Entry(keyStart: bytes.count, keyBytes: key?.count ?? -1, valueBytes: value.count))
    if let key { bytes.append(contentsOf: key) }
    bytes.append(contentsOf: value)
  }

  public mutating func append(key: some Collection<UInt8>, value: some Collection<UInt8>) {
    entries.append(Entry(keyStart: bytes.count, keyBytes: key.count, valueBytes: value.count))
    bytes.append(contentsOf: key)
    bytes.append(contentsOf: value)
  }

  public mutating func append(key: String, value: String) { append(key: key.utf8, value: value.utf8) }

  public mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    entries.removeAll(keepingCapacity: true)
  }

  /// Hands record after record from index `start` to `body` until it answers false.
  ///
  /// - Returns: The index of the record that was refused, or `count`.
  func forEach(
    from start: Int, upTo end: Int, _ body: (UnsafeRawBufferPointer?, UnsafeRawBufferPointer) throws -> Bool
  ) rethrows -> Int {
    try bytes.withUnsafeBytes { block in
      for index in start..<min(end, entries.count) {
        let entry = entries[index]
        let valueStart = entry.keyStart + max(entry.keyBytes, 0)
        let key =
          entry.keyBytes < 0
          ? nil : UnsafeRawBufferPointer(rebasing: block[entry.keyStart..<entry.keyStart + entry.keyBytes])
        let value = UnsafeRawBufferPointer(rebasing: block[valueStart..<valueStart + entry.valueBytes])
        if try !body(key, value) { return index }
      }
      return min(end, entries.count)
    }
  }
}
