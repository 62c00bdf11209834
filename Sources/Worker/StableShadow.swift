import Learning
import Synchronization
import Tensors

/// The stable version's predictions on the records that the learner is tested on, for the paired comparison of D10.
///
/// A task loads versions; the step thread takes over what was loaded and predicts with it.
package final class StableShadow: Sendable {
  private let loaded = Mutex<Loaded?>(nil)

  package init() {}

  /// A predictor on its way from the loading task to the step thread.
  package struct Loaded: @unchecked Sendable {  // Handed over once; only the step thread uses the predictor.
    package let version: Int64
    package let predictor: Predictor
  }

  package func offer(version: Int64, predictor: sending Predictor) {
    let value = Loaded(version: version, predictor: predictor)
    loaded.withLock { $0 = value }
  }

  package func takeLoaded() -> Loaded? {
    loaded.withLock { value in
      defer { value = nil }
      return value
    }
  }
}
