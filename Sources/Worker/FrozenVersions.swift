package import Learning
import Rollouts
import Synchronization

/// The versions whose frozen weights are asked about the records that the learner is tested on (D10).
///
/// A task loads them; the step thread of each generation in turn makes predictors of them.
package final class FrozenVersions: Sendable {
  package struct Version: @unchecked Sendable {  // Only the step thread translates with it.
    package let number: Int64
    package let model: FrozenModel
    /// To what the version reads; nil: it reads records as the learner does.
    package let translation: BatchTranslation?
    /// In the order of its outputs; nil: the pipeline lists them.
    package let classes: [String]?
    /// By partition: what it has learned lies before this offset.
    package let learned: [Int64]

    package init(
      number: Int64, model: ModelParameters, translation: sending BatchTranslation? = nil, classes: [String]? = nil,
      learned: [Int64] = []
    ) {
      self.init(number: number, of: .network(model), translation: translation, classes: classes, learned: learned)
    }

    package init(
      number: Int64, of model: FrozenModel, translation: sending BatchTranslation? = nil, classes: [String]? = nil,
      learned: [Int64] = []
    ) {
      (self.number, self.model, self.translation) = (number, model, translation)
      (self.classes, self.learned) = (classes, learned)
    }
  }

  /// Who is asked at one time.
  package struct Roll: Sendable {
    /// Counts up.
    fileprivate(set) var edition = 0
    /// The one that all are held against first; each a forward pass a record.
    fileprivate(set) var versions: [Version] = []
    /// The one that serves; 0: none of them.
    fileprivate(set) var serving: Int64 = 0
  }

  /// More are never asked.
  package static let countMax = Rollout.scoredMax

  private let roll = Mutex(Roll())

  package init() {}

  package var numbers: [Int64] { roll.withLock { $0.versions.map(\.number) } }

  /// Says who is asked from now on.
  ///
  /// - Parameters:
  ///   - numbers: In their order; one that is neither there nor among `new` is left out, and all where that is the first.
  ///   - new: Versions that were not asked so far.
  package func call(_ numbers: [Int64], serving: Int64, new: [Version] = []) {
    roll.withLock { roll in
      let known = roll.versions + new
      let called = numbers.prefix(Self.countMax).compactMap { number in known.first { $0.number == number } }
      let isComplete = called.first?.number == numbers.first
      let versions = isComplete ? called : []
      guard versions.map(\.number) != roll.versions.map(\.number) || serving != roll.serving else { return }
      roll = Roll(edition: roll.edition + 1, versions: versions, serving: serving)
    }
  }

  /// Who is asked, if it is another roll than that of `edition`.
  func roll(otherThan edition: Int) -> Roll? { roll.withLock { $0.edition == edition ? nil : $0 } }
}
