import CCompression

/// gzip (RFC 1952) by zlib.
final class GzipFormat: CompressedFormat {
  /// On the heap: zlib keeps its address.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private(set) var isBetweenMembers = false

  init() {
    stream.initialize(to: z_stream())
    // 15: the largest window; 16 more: gzip headers only.
    let result = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(result == Z_OK, "zlib has no memory for a stream (\(result))")
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  func decompress(
    _ input: UnsafeRawBufferPointer, _ position: inout Int, into output: UnsafeMutableRawBufferPointer
  ) throws(IngestError) -> Int {
    if isBetweenMembers {
      // Some writers pad the file with zeros.
      while position < input.count, input[position] == 0 { position += 1 }
      if position == input.count { return 0 }
      inflateReset(stream)
      isBetweenMembers = false
    }
    let given = input.count - position
    // zlib does not write to its input; the type is older than const.
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: input.baseAddress?.advanced(by: position).assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = UInt32(given)
    stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(output.count)
    let result = inflate(stream, Z_NO_FLUSH)
    position += given - Int(stream.pointee.avail_in)
    let count = output.count - Int(stream.pointee.avail_out)
    switch result {
    case Z_STREAM_END: isBetweenMembers = true
    case Z_OK, Z_BUF_ERROR: break
    default:
      let message = stream.pointee.msg.map { String(cString: $0) } ?? "error \(result)"
      throw IngestError(.damaged, "the gzip stream is damaged: \(message)")
    }
    return count
  }
}
