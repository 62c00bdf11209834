package import Health
import Vocabulary

extension Array where Element == ReceivedEnvelope {
  /// What the layers took on all ranks, each on its own clock.
  ///
  /// - Throws: `EnvelopeError` for what no rank of one version sends.
  package func costs() throws -> [LayerCost] {
    var whole: [LayerCost] = []
    for envelope in self where !envelope.costs.isEmpty {
      do { whole.merge(try [LayerCost].decode(from: envelope.costs)) } catch { throw EnvelopeError.notCosts(error) }
    }
    return whole
  }
}
