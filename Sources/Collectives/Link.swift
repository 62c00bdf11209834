import Cryptography
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
  private(set) var sentBytes: Int64 = 0
  private(set) var receivedBytes: Int64 = 0

  private let generation: Generation
  private var sender: FrameSender
  private var receiver: FrameReceiver
  private var pieces = PieceList()

  init(peer: Rank, socket: Socket, generation: Generation, keys: LinkKeys) {
    self.peer = peer
    self.socket = socket
    self.generation = generation
    sender = FrameSender(key: keys.outgoing)
    receiver = FrameReceiver(
      key: keys.incoming,
      expecting: FrameHeader(
        kind: .direct, generation: generation, sequence: 0, denseCount: 0, attachmentBytes: 0, sender: peer))
  }

  /// Prepares for an exchange. `header` is this rank's own.
  ///
  /// - Parameter expectedValues: Of the peer.
  func begin(
    _ header: FrameHeader, attachment: UnsafeRawBufferPointer, dense: UnsafeRawBufferPointer, expectedValues: Int,
    attachmentBytesMax: Int
  ) {
    sender.begin(header, attachment: attachment, dense: dense)
    receiver.begin(header, values: expectedValues, lane: nil, attachmentBytesMax: attachmentBytesMax)
    lookAgain()
  }

  /// The same by segments; `follow` says what goes behind them.
  func begin(_ header: FrameHeader, lane: any SegmentLane, expectedValues: Int, attachmentBytesMax: Int) {
    sender.begin(header, segments: lane)
    receiver.begin(header, values: expectedValues, lane: lane, attachmentBytesMax: attachmentBytesMax)
    lookAgain()
  }

  func follow(_ header: FrameHeader, attachment: UnsafeRawBufferPointer) {
    sender.follow(header, attachment: attachment)
    lookAgain()
  }

  /// Something may have come, or there may be room for more.
  func lookAgain() { (isReadable, isWritable) = (true, true) }

  /// The peer's attachment, once received; valid until the next exchange.
  var attachment: UnsafeRawBufferPointer { receiver.receivedAttachment }

  /// The peer's values of a direct exchange, once received.
  var dense: UnsafeMutablePointer<Float> { receiver.receivedDense }

  /// Gives back memory that only a hand-over of state needed.
  func trim(to bytes: Int) { receiver.trim(to: bytes) }

  var hasReceived: Bool { receiver.isDone }
  /// Whether the peer itself owes something, and waits for no other.
  var isOwed: Bool { receiver.isOwed }
  var isComplete: Bool { sender.isDone && receiver.isDone }

  /// Whether there is something to send now; of a lane it may have to come in first, or to become final.
  var canSend: Bool { sender.canSend }
  /// Whether there is room for what comes next.
  var canReceive: Bool { receiver.canReceive }

  /// Sends what it can in one call.
  ///
  /// - Returns: Whether anything went out.
  func send() -> Socket.Outcome {
    pieces.clear()
    sender.fill(&pieces)
    let outcome = socket.send(pieces.pointer, count: pieces.count)
    guard case .moved(let sent) = outcome else {
      isWritable = false
      return outcome
    }
    sentBytes += Int64(sent)
    sender.advance(by: sent)
    if sent < pieces.bytes { isWritable = false }
    return outcome
  }

  /// Receives what is there, never beyond the end of this exchange's frame.
  ///
  /// - Throws: `CollectiveError`: `protocolViolation` for a frame that does not belong here, `tampered` for one that was
  ///   changed on the way.
  func receive() throws(CollectiveError) -> Socket.Outcome {
    pieces.clear()
    receiver.fill(&pieces)
    let outcome: Socket.Outcome
    do {
      outcome = try socket.receive(pieces.pointer, count: pieces.count)
    } catch {
      throw CollectiveError(
        .tampered, peer: peer, generation: generation,
        reason: "what came over the link is not what the peer sent: somebody on the way changed it (\(error.words))")
    }
    guard case .moved(let received) = outcome else {
      isReadable = false
      return outcome
    }
    receivedBytes += Int64(received)
    if received < pieces.bytes { isReadable = false }
    try receiver.advance(by: received)
    return outcome
  }
}
