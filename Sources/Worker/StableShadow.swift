package import Learning
import Synchronization
import Tensors

/// The stable version's predictions on the records that the learner is tested on, for the paired comparison of D10.
///
/// A task loads versions; the step thread of each generation in turn makes a predictor of the newest.
package final class StableShadow: Sendable {
  private let newest = Mutex<Loaded?>(nil)

  package init() {}

  /// What a task has loaded for the step thread.
  package struct Loaded: @unchecked Sendable {  // Only the step thread translates with it.
    package let version: Int64
    package let model: ModelParameters
    /// To what the version reads; nil: it reads records as the learner does.
    package let translation: BatchTranslation?
    /// In the order of its outputs; nil: the pipeline lists them.
    package let classes: [String]?
  }

  package func offer(
    version: Int64, model: ModelParameters, translation: sending BatchTranslation? = nil, classes: [String]? = nil
  ) {
    let value = Loaded(version: version, model: model, translation: translation, classes: classes)
    newest.withLock { $0 = value }
  }

  /// The newest version, if it is another than `version`.
  package func loaded(otherThan version: Int64) -> Loaded? {
    newest.withLock { $0?.version == version ? nil : $0 }
  }
}
