import Collectives
import Vocabulary

extension Collective {
  /// One exchange whose attachments are step envelopes.
  ///
  /// - Parameter received: Keeps its memory from step to step; what it holds is valid inside `body` only.
  /// - Throws: `CollectiveError`, or `EnvelopeError` for a peer that does not speak this binary's format.
  func exchangeEnvelopes<Result>(
    _ dense: DenseValues, attachment: [UInt8], outputCount: Int,
    into received: inout [ReceivedEnvelope], deadline: Deadline, _ body: ([ReceivedEnvelope]) throws -> Result
  ) throws -> Result {
    defer { received.removeAll(keepingCapacity: true) }
    return try attachment.withUnsafeBytes { bytes in
      try exchange(dense, attachment: bytes, deadline: deadline) { attachments in
        for attachment in attachments { received.append(try ReceivedEnvelope(attachment, outputCount: outputCount)) }
        return try body(received)
      }
    }
  }
}
