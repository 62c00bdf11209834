import Vocabulary

/// Observed: expected calibration error of the window. What it says names the band that is off most, of those with enough records.
struct CalibrationRule: Rule {
  let name = HealthRule.calibration
  let meaning = "probabilities are not what happens"
  let source = "wide: a tenth is usual of untempered networks; Guo et al. 2017"
  let action = HealthAction.note
  func threshold(_ limits: HealthLimits) -> Double { 0.15 }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    guard let error = window.score.calibrationError else { return [] }
    return [
      finding(
        HealthFinding.stream, error, .atMost(threshold(HealthFinding.stream)),
        hasEvidence: window.score.records >= 10 * limits.recordsMin,
        detail: "probabilities are off by \(short(error)) on average" + worst(window.score.calibrationBands, limits))
    ]
  }

  /// A share of fewer records lies far from what it would come to by chance alone.
  private func worst(_ bands: [CalibrationBand], _ limits: HealthLimits) -> String {
    guard let band = bands.filter({ $0.records >= Double(limits.recordsMin) }).max(by: { $0.gap < $1.gap }) else {
      return ""
    }
    return ", most between \(percent(band.from)) and \(percent(band.to)): of \(short(band.records)) records "
      + "\(percent(band.predicted)) were expected and \(percent(band.observed)) came true"
  }
}
