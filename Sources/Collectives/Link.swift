import Glibc
import Vocabulary

/// The connection to one peer and how far the exchange in hand has got on it. Confined to the step thread.
final class Link {
  let peer: Rank
  let socket: Socket

  /// What poll said last; assumed true until a call would block.
  var isWritable = true
  var isReadable = true
  /// The peer hung up after all that this exchange needed of it was done; the next exchange will fail.
  var isGone = false

  private let headers = UnsafeMutableRawPointer.allocate(byteCount: 2 * FrameHeader.byteCount, alignment: 16)
  private let pieces = UnsafeMutablePointer<iovec>.allocate(capacity: 3)

  // Outgoing: header, attachment, then dense values, straight from the vector or as the ring allows.
  private var attachmentOut = UnsafeRawBufferPointer(start: nil, count: 0)
  private var denseOut = UnsafeRawBufferPointer(start: nil, count: 0)
  private var ringOut: RingTransfer?
  private var prefixSent = 0
  private var denseSent = 0

  // Incoming, in the same order.
  private var expected: FrameHeader
  private var attachmentBytesMax = 0
  private var attachmentBytesIn: Int?
  private var attachmentIn = ReceiveBuffer()
  private var denseIn = ReceiveBuffer()
  private var denseBytesIn = 0
  private var ringIn: RingTransfer?
  private var headerReceived = 0
  private var attachmentReceived = 0
  private var denseReceived = 0

  init(peer: Rank, socket: Socket, generation: Generation) {
    self.peer = peer
    self.socket = socket
    expected = FrameHeader(
      kind: .direct, generation: generation, sequence: 0, denseCount: 0, attachmentBytes: 0, sender: peer)
  }

  deinit {
    headers.deallocate()
    pieces.deallocate()
  }

  /// Prepares for an exchange. `header` is this rank's own.
  func begin(
    _ header: FrameHeader, attachment: UnsafeRawBufferPointer, dense: UnsafeRawBufferPointer, ringOut: RingTransfer?,
    ringIn: RingTransfer?, attachmentBytesMax: Int
  ) {
    header.write(to: headers)
    expected.kind = header.kind
    expected.sequence = header.sequence
    expected.denseCount = header.denseCount
    self.attachmentBytesMax = attachmentBytesMax
    attachmentOut = attachment
    denseOut = dense
    denseBytesIn = dense.count
    denseIn.reserve(dense.count)
    self.ringOut = ringOut
    self.ringIn = ringIn
    prefixSent = 0
    denseSent = 0
    attachmentBytesIn = nil
    headerReceived = 0
    attachmentReceived = 0
    denseReceived = 0
    isWritable = true
    isReadable = true
  }

  /// The peer's attachment, once received; valid until the next exchange.
  var attachment: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: attachmentIn.pointer, count: attachmentReceived)
  }

  /// The peer's values of a direct exchange, once received.
  var dense: UnsafePointer<Float> {
    UnsafePointer(denseIn.pointer.bindMemory(to: Float.self, capacity: denseBytesIn / 4))
  }

  /// Gives back memory that only a hand-over of state needed.
  func trim(to bytes: Int) { attachmentIn.trim(to: bytes) }

  var hasSent: Bool {
    prefixSent == FrameHeader.byteCount + attachmentOut.count && denseSent == denseOut.count
      && ringOut?.hasSent != false
  }

  var hasReceived: Bool {
    attachmentBytesIn == attachmentReceived && denseReceived == denseBytesIn && ringIn?.hasReceived != false
  }

  var isComplete: Bool { hasSent && hasReceived }

  /// Whether there is something to send now; on the ring it may have to come in first.
  var canSend: Bool {
    prefixSent < FrameHeader.byteCount + attachmentOut.count || denseSent < denseOut.count
      || ringOut?.sendable.isEmpty == false
  }

  /// Sends what it can in one call.
  ///
  /// - Returns: Whether anything went out.
  func send() -> Socket.Outcome {
    var count = 0
    var asked = 0
    func add(_ start: UnsafeRawPointer?, _ length: Int) {
      guard length > 0 else { return }
      pieces[count] = iovec(iov_base: UnsafeMutableRawPointer(mutating: start), iov_len: length)
      count += 1
      asked += length
    }
    let headerLeft = max(0, FrameHeader.byteCount - prefixSent)
    add(headers + (FrameHeader.byteCount - headerLeft), headerLeft)
    let attachmentSent = max(0, prefixSent - FrameHeader.byteCount)
    add(attachmentOut.baseAddress.map { $0 + attachmentSent }, attachmentOut.count - attachmentSent)
    if let ringOut {
      let sendable = ringOut.sendable
      add(sendable.baseAddress, sendable.count)
    } else {
      add(denseOut.baseAddress.map { $0 + denseSent }, denseOut.count - denseSent)
    }
    let outcome = socket.send(pieces, count: count)
    guard case .moved(let sent) = outcome else {
      isWritable = false
      return outcome
    }
    let prefix = min(sent, FrameHeader.byteCount + attachmentOut.count - prefixSent)
    prefixSent += prefix
    if let ringOut { ringOut.didSend(sent - prefix) } else { denseSent += sent - prefix }
    if sent < asked { isWritable = false }
    return outcome
  }

  /// Receives what is there, never beyond the end of this exchange's frame.
  ///
  /// - Throws: `CollectiveError.protocolViolation` for a frame that does not belong here.
  func receive() throws -> Socket.Outcome {
    guard let attachmentBytes = attachmentBytesIn else { return try receiveHeader() }
    var count = 0
    var asked = 0
    func add(_ start: UnsafeMutableRawPointer?, _ length: Int) {
      guard length > 0 else { return }
      pieces[count] = iovec(iov_base: start, iov_len: length)
      count += 1
      asked += length
    }
    let attachmentLeft = attachmentBytes - attachmentReceived
    add(attachmentIn.pointer + attachmentReceived, attachmentLeft)
    if let ringIn {
      let receivable = ringIn.receivable
      add(receivable.baseAddress, receivable.count)
    } else {
      add(denseIn.pointer + denseReceived, denseBytesIn - denseReceived)
    }
    let outcome = socket.receive(pieces, count: count)
    guard case .moved(let received) = outcome else {
      isReadable = false
      return outcome
    }
    let attachmentPart = min(received, attachmentLeft)
    attachmentReceived += attachmentPart
    if let ringIn {
      if received > attachmentPart { ringIn.didReceive(received - attachmentPart) }
    } else {
      denseReceived += received - attachmentPart
    }
    if received < asked { isReadable = false }
    return outcome
  }

  private func receiveHeader() throws -> Socket.Outcome {
    let header = headers + FrameHeader.byteCount
    pieces[0] = iovec(iov_base: header + headerReceived, iov_len: FrameHeader.byteCount - headerReceived)
    let outcome = socket.receive(pieces, count: 1)
    guard case .moved(let received) = outcome else {
      isReadable = false
      return outcome
    }
    headerReceived += received
    if headerReceived == FrameHeader.byteCount {
      let bytes = try FrameHeader.attachmentBytes(
        in: UnsafeRawBufferPointer(start: header, count: FrameHeader.byteCount), from: peer, expected: expected,
        attachmentBytesMax: attachmentBytesMax)
      attachmentIn.reserve(bytes)
      attachmentBytesIn = bytes
    }
    return outcome
  }
}
