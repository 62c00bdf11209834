import Worker

/// Calls `body` with the envelopes that ranks have written, in the order of the ranks; valid inside it only.
func withReceived<Result>(
  _ ranks: [[UInt8]], outputCount: Int = 1, _ body: ([ReceivedEnvelope]) throws -> Result
) throws -> Result {
  let buffers = ranks.map { bytes in
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
    buffer.copyBytes(from: bytes)
    return buffer
  }
  defer { for buffer in buffers { buffer.deallocate() } }
  return try body(try buffers.map { try ReceivedEnvelope(UnsafeRawBufferPointer($0), outputCount: outputCount) })
}
