package import Learning
package import Pipelines

/// Whether a model that goes on from a saved state holds it, to the bit. What does not come back, such as what an optimiser knows,
/// shows in no number at once, and in worse ones for long.
package enum RestoredState {
  /// Of a state: what it is of, and the version of its layout.
  private static let headerBytes = 8

  /// What a person should know; nil: nothing is amiss, or nothing can be told, as of a state of another layout, or of FTRL, whose
  /// sums are brought in line with constants that may have been edited.
  ///
  /// - Parameter bytes: What the model was given.
  package static func trouble(_ bytes: [UInt8], in model: any Model, _ training: TrainingSettings) -> Trouble? {
    let optimizers = [training.optimizer, training.embeddingOptimizer] + [training.wideOptimizer].compactMap(\.self)
    guard !optimizers.contains(where: { $0.kind == .ftrl }) else { return nil }
    let held = model.encodeState()
    guard held != bytes, held.prefix(headerBytes) == bytes.prefix(headerBytes) else { return nil }
    let first =
      zip(held, bytes).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(held.count, bytes.count)
    return Trouble(
      "state_not_restored",
      "the model does not hold the state that it was given back: from byte \(first) of \(bytes.count) on it is another; the "
        + "parameters are at the beginning, what optimisers know is at the end")
  }
}
