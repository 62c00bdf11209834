import Learning
import Tensors

/// A learner with a step in hand, the attachment that it sends, and what it makes of others.
struct AttachmentRig {
  let learner: Learner
  let good: [UInt8]

  init(_ spec: LearnerSpec, _ batch: FeatureBatch) {
    learner = Learner(spec: spec, batchCapacity: batch.capacity)
    learner.predict(batch)
    _ = learner.backward(batch)
    var bytes: [UInt8] = []
    learner.appendAttachment(to: &bytes)
    good = bytes
  }

  func absorb(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try learner.absorb(attachments: [$0]) } }

  /// Whether the attachment is refused as damaged after a change.
  func refuses(_ change: (inout [UInt8]) -> Void) -> Bool {
    var bad = good
    change(&bad)
    do {
      try absorb(bad)
      return false
    } catch { return (error as? LearningError)?.code == .damaged }
  }
}
