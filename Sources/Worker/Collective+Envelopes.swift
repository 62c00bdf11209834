import Collectives
import Vocabulary

extension Collective {
  /// One exchange whose attachments are step envelopes.
  ///
  /// - Throws: `CollectiveError`, or `EnvelopeError` for a peer that does not speak this binary's format.
  func exchangeEnvelopes<Result>(
    dense: UnsafeMutableBufferPointer<Float>, attachment: [UInt8], outputCount: Int, deadline: Deadline,
    _ body: ([ReceivedEnvelope]) throws -> Result
  ) throws -> Result {
    try attachment.withUnsafeBytes { bytes in
      try exchange(dense: dense, attachment: bytes, deadline: deadline) { attachments in
        try body(attachments.map { try ReceivedEnvelope($0, outputCount: outputCount) })
      }
    }
  }
}
