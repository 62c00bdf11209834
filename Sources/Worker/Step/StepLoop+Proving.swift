import Learning
import Tensors

// What a rank's own records give, made twice now and then: a bit that flips in a gradient, or in an activation that it is made of,
// goes into everybody's sum, and no comparison of states ever sees it.
extension StepLoop {
  /// Steps from one that is made twice to the next, on all ranks at once: 0.4 % of what steps cost.
  package static let provenEvery: Int64 = 256

  /// Whether the next step is made twice.
  var isProven: Bool { (state.step + 1) % Self.provenEvery == 0 }

  /// Makes the share in hand until twice in a row it gives the same; a third time, where the first two do not. What was given last is
  /// what goes to the others. Nothing of it may have gone before.
  func makeProven() -> LocalStep {
    var local = makeShare()
    guard local.isFinite else { return local }
    var before = proof(local)
    for _ in 0..<3 {
      learner.discardStep()
      local = makeShare()
      let again = proof(local)
      if again == before { return local }
      before = again
      tellDoubt(
        "what this worker's records give was not the same when step \(state.step + 1) was made again, and is not taken: look at the "
          + "memory and the processors of its machine")
    }
    return local
  }

  /// One look at the batch in hand.
  func makeShare() -> LocalStep {
    learner.predict(shares.batch)
    return backward()
  }

  /// Of all that the others get of it.
  private func proof(_ local: LocalStep) -> UInt64 {
    var digest = Digest(seed: UInt64(local.labelled))
    digest.add(local.lossSum.bitPattern)
    digest.add(UnsafeRawBufferPointer(learner.denseNodes))
    digest.add(UnsafeRawBufferPointer(learner.outputs))
    attachment.removeAll(keepingCapacity: true)
    learner.appendAttachment(to: &attachment)
    attachment.withUnsafeBytes { digest.add($0) }
    return digest.value
  }
}
