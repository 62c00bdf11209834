import Pipelines

extension StepLoop {
  /// What a replay knows of its steps, and what it does after each.
  package struct Replaying {
    /// What a step's learning rate was multiplied by; nil: it is not known.
    package var scale: (Int64) throws -> Double?
    /// The learner is between two steps; what is in hand is learned.
    package var after: () throws -> Void

    package init(scale: @escaping (Int64) throws -> Double? = { _ in nil }, after: @escaping () throws -> Void = {}) {
      (self.scale, self.after) = (scale, after)
    }
  }

  /// Steps wait until they have what they are to take.
  var waitsForShares: Bool { settings.reproducible || shares.isReplay }
}
