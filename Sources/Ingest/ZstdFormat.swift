import CCompression

/// zstd (RFC 8878) by libzstd, with a bounded window.
final class ZstdFormat: CompressedFormat {
  private let stream: OpaquePointer
  private(set) var isBetweenMembers = false

  init() {
    guard let stream = ZSTD_createDStream() else { preconditionFailure("libzstd has no memory for a stream") }
    self.stream = stream
    ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, Decompressor.windowLogMax)
  }

  deinit { ZSTD_freeDStream(stream) }

  func decompress(
    _ input: UnsafeRawBufferPointer, _ position: inout Int, into output: UnsafeMutableRawBufferPointer
  ) throws(IngestError) -> Int {
    var given = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: position)
    var room = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
    let result = ZSTD_decompressStream(stream, &room, &given)
    position = given.pos
    if ZSTD_isError(result) != 0 {
      if ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge {
        let megabytes = 1 << (Decompressor.windowLogMax - 20)
        throw IngestError(
          .windowTooLarge, "the zstd stream needs a window above \(megabytes) MiB; compress it without --long")
      }
      throw IngestError(.damaged, "the zstd stream is damaged: \(String(cString: ZSTD_getErrorName(result)))")
    }
    isBetweenMembers = result == 0
    return room.pos
  }
}
