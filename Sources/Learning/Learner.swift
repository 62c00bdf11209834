import Tensors

/// A model that learns: forward, backward, and one agreed update a step. Confined to one thread at a time.
///
/// The order of a step: `predict` → `backward` → (sum `denseGradient` over ranks, gather attachments) → `absorb` → `apply`,
/// or `discardStep` instead of `apply`. The same bytes in give the same bits out, whatever the batch's size.
public final class Learner {
  public let spec: LearnerSpec
  public let batchCapacity: Int

  public init(spec: LearnerSpec, batchCapacity: Int) {
    self.spec = spec
    self.batchCapacity = batchCapacity
  }

  public var outputCount: Int { spec.outputCount }
}
