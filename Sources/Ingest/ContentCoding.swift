import CCompression

/// How the body of a request is compressed: the names of HTTP (RFC 9110, 8.4.1).
public enum ContentCoding: String, Sendable, CaseIterable {
  case gzip
  case deflate

  /// - Parameter name: Of `Content-Encoding`, whatever its case. nil: another one.
  public init?(name: String) {
    switch name.lowercased() {
    case "gzip", "x-gzip": self = .gzip
    case "deflate": self = .deflate
    default: return nil
    }
  }

  /// The bytes as they were before.
  ///
  /// - Parameter bytesMax: Where more come out, it stops there.
  /// - Throws: `IngestError`: `truncated`, `damaged`, or `tooLarge` beyond `bytesMax`.
  public func decode(_ input: UnsafeRawBufferPointer, bytesMax: Int) throws(IngestError) -> [UInt8] {
    switch self {
    case .gzip: return try inflated(input, windowBits: 15 + 16, bytesMax)
    case .deflate:
      // By the standard with zlib's header; some clients leave it out.
      let hasHeader = input.count >= 2 && input[0] & 0x0F == 8 && (Int(input[0]) << 8 | Int(input[1])) % 31 == 0
      return try inflated(input, windowBits: hasHeader ? 15 : -15, bytesMax)
    }
  }

  private func inflated(
    _ input: UnsafeRawBufferPointer, windowBits: Int32, _ bytesMax: Int
  ) throws(IngestError) -> [UInt8] {
    var stream = z_stream()
    guard inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw IngestError(.damaged, "zlib has no memory for a stream")
    }
    defer { inflateEnd(&stream) }
    // zlib does not write to its input; the type is older than const.
    stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.avail_in = UInt32(clamping: input.count)
    // Room that was made is filled member by member, and grows only when it is full: what a body costs follows what it
    // holds, however many members that is.
    var output = [UInt8](repeating: 0, count: min(bytesMax, max(4096, 4 * input.count)) + 1)
    var filled = 0
    while true {
      let result = output.withUnsafeMutableBufferPointer { buffer in
        stream.next_out = buffer.baseAddress.map { $0 + filled }
        stream.avail_out = UInt32(clamping: buffer.count - filled)
        return inflate(&stream, Z_NO_FLUSH)
      }
      filled = output.count - Int(stream.avail_out)
      guard filled <= bytesMax else {
        throw IngestError(.tooLarge, "the \(rawValue) stream unpacks to more than \(bytesMax) bytes")
      }
      switch result {
      case Z_STREAM_END where stream.avail_in == 0:
        output.removeLast(output.count - filled)
        return output
      case Z_STREAM_END where self == .gzip: inflateReset(&stream)
      case Z_STREAM_END: throw IngestError(.damaged, "bytes follow the end of the \(rawValue) stream")
      case Z_OK where filled == output.count, Z_BUF_ERROR where filled == output.count:
        output.append(contentsOf: repeatElement(0, count: min(bytesMax, 2 * filled) + 1 - filled))
      case Z_OK, Z_BUF_ERROR: throw IngestError(.truncated, "the \(rawValue) stream ends too early")
      default:
        let message = stream.msg.map { String(cString: $0) } ?? "error \(result)"
        throw IngestError(.damaged, "the \(rawValue) stream is damaged: \(message)")
      }
    }
  }
}
