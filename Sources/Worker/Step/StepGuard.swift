import Health
package import Pipelines
import Vocabulary

/// Which steps are not learned, because a health rule says `skip_step`: by their loss before anything is applied, and by the norm of
/// their gradient. The same on every rank, for all of it was agreed.
package struct StepGuard: Sendable {
  /// Deviations above the median of the steps before; nil: no loss is too high.
  private let deviations: Double?
  /// Infinity: no gradient is too large.
  package let gradientNormMax: Double

  /// So many steps have to be known before one can be too high.
  private static let stepsMin = 64
  /// So many steps in a row are skipped at most: what goes on is what the stream has become.
  package static let inRowMax = 3

  package init(_ settings: HealthSettings) {
    func threshold(_ rule: HealthRule) -> Double? {
      let said = settings.rules.filter { $0.rule == rule && $0.of == nil }
      guard said.last(where: { $0.action != nil })?.action == .skipStep else { return nil }
      var limits = HealthLimits()
      limits.gradientNormMax = settings.gradientNormMax
      return said.last { $0.threshold != nil }?.threshold ?? RuleBook.rule(rule).threshold(limits)
    }
    deviations = threshold(.lossSpike)
    gradientNormMax = threshold(.explodingGradient) ?? .infinity
  }

  /// Why a step with this loss is sick; nil: it is not.
  package func spike(in state: TrainingState, labelled: Int, weight: Double, lossSum: Double) -> String? {
    guard let deviations, labelled > 0, weight > 0, let usual = state.lossWatch.usualLoss(steps: Self.stepsMin) else {
      return nil
    }
    let loss = lossSum / weight
    guard loss > usual.center + deviations * usual.spread else { return nil }
    return "the loss is \(loss), of the steps before \(usual.center)"
  }

  /// Whether a sick step may be skipped, after so many that were sick in a row.
  package func skips(after inRow: Int) -> Bool { inRow < Self.inRowMax }
}
