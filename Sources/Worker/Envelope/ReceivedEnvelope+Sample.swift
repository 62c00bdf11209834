package import Health
import Vocabulary

extension Array where Element == ReceivedEnvelope {
  /// The sample of the window's records, of all ranks' parts.
  ///
  /// - Returns: nil: none was gathered.
  /// - Throws: `EnvelopeError` for what no rank of one pipeline sends.
  package func sample() throws -> RowSample? {
    var whole: RowSample?
    for envelope in self where !envelope.sample.isEmpty {
      let part: RowSample
      do { part = try RowSample(decoding: envelope.sample) } catch { throw EnvelopeError.notASample(error) }
      guard whole.map({ $0.columns == part.columns }) ?? true else { throw EnvelopeError.otherSample }
      if whole == nil { whole = part } else { whole?.merge(part) }
    }
    return whole
  }
}
