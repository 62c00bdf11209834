/// A header with its code and what goes with it from memory, and how much of it is sent. Confined to the step
/// thread.
struct SealedFrame: ~Copyable {
  private let header = UnsafeMutableRawPointer.allocate(byteCount: FrameHeader.sealedBytes, alignment: 16)
  private let code = UnsafeMutableRawPointer.allocate(byteCount: FrameSeal.byteCount, alignment: 16)
  private var attachment = UnsafeRawBufferPointer(start: nil, count: 0)
  private var dense = UnsafeRawBufferPointer(start: nil, count: 0)
  /// A header may go alone: segments follow it.
  private var hasBody = false
  private var (bytes, sent) = (0, 0)

  deinit {
    header.deallocate()
    code.deallocate()
  }

  mutating func begin(_ frame: FrameHeader, by seal: inout FrameSeal) {
    frame.write(to: header)
    seal.seal(
      UnsafeRawBufferPointer(start: header, count: FrameHeader.byteCount), to: header + FrameHeader.byteCount)
    (bytes, sent, hasBody) = (FrameHeader.sealedBytes, 0, false)
  }

  mutating func add(
    _ attachment: UnsafeRawBufferPointer, _ dense: UnsafeRawBufferPointer, by seal: inout FrameSeal
  ) {
    (self.attachment, self.dense, hasBody) = (attachment, dense, true)
    seal.seal(attachment, dense, to: code)
    bytes += attachment.count + dense.count + FrameSeal.byteCount
  }

  var isSent: Bool { sent == bytes }

  func fill(_ pieces: inout PieceList) {
    guard !isSent else { return }
    var begin = 0
    func add(_ start: UnsafeRawPointer?, _ length: Int) {
      let done = min(max(0, sent - begin), length)
      begin += length
      if let start { pieces.add(UnsafeMutableRawPointer(mutating: start + done), length - done) }
    }
    add(header, FrameHeader.sealedBytes)
    guard hasBody else { return }
    add(attachment.baseAddress, attachment.count)
    add(dense.baseAddress, dense.count)
    add(code, FrameSeal.byteCount)
  }

  /// - Returns: Bytes that belong to what comes behind it.
  mutating func advance(by bytes: Int) -> Int {
    let own = min(bytes, self.bytes - sent)
    sent += own
    return bytes - own
  }
}
