package import Registry
import Vocabulary

extension ReceivedEnvelope {
  /// The rows that this rank took out of the step.
  ///
  /// - Throws: `EnvelopeError` for what this binary would not have written.
  package func readSkips() throws -> [StepSkip] {
    guard skips.count.isMultiple(of: 16), skips.count / 16 <= rowCount else {
      throw EnvelopeError.sizesDisagree(section: "skips")
    }
    var reader = ByteReader(skips)
    return try (0..<skips.count / 16).map { _ in
      let partition: Int32 = try reader.read()
      let reason = Int(try reader.read(UInt32.self))
      guard RejectReason.allCases.indices.contains(reason) else { throw EnvelopeError.sizesDisagree(section: "skips") }
      let offset: Int64 = try reader.read()
      guard offset >= 0 else { throw EnvelopeError.sizesDisagree(section: "skips") }
      return StepSkip(partition: partition, offset: offset, reason: RejectReason.allCases[reason])
    }
  }
}
