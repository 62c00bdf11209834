import Health
import Testing
import Vocabulary

/// A detector with its defaults, and what it promises.
struct DetectorCase: Sendable, CustomTestStringConvertible {
  let name: String
  let fresh: any ChangeDetector
  /// The same with settings that let a million values pass in little time.
  let sparing: any ChangeDetector
  /// False alarms in 10,000 values of a stream that stays as it is, at most.
  let falseAlarmsMax: Double
  /// Values from a change of three deviations to the alarm, at most.
  let delayMax: Int
  /// How far from the change its estimate may lie, in the middle half of the seeds.
  let estimateWithin: Int64
  /// It takes 0 and 1 only, and knows one direction.
  var isForErrors = false

  var testDescription: String { name }

  static let all: [DetectorCase] = [
    DetectorCase(
      name: "ADWIN", fresh: Adwin(), sparing: Adwin(sparingAdwin), falseAlarmsMax: 0.1, delayMax: 60, estimateWithin: 8),
    DetectorCase(
      name: "Page–Hinkley", fresh: PageHinkley(), sparing: PageHinkley(), falseAlarmsMax: 0.1, delayMax: 60,
      estimateWithin: 8),
    // An alarm by chance just before the change leaves `recent` values, and nothing is compared before `window`.
    DetectorCase(
      name: "KSWIN", fresh: KolmogorovSmirnovWindow(), sparing: KolmogorovSmirnovWindow(sparingWindow),
      falseAlarmsMax: 20, delayMax: 100, estimateWithin: 25),
    DetectorCase(
      name: "DDM", fresh: DriftDetectionMethod(), sparing: DriftDetectionMethod(), falseAlarmsMax: 4, delayMax: 80,
      estimateWithin: 25, isForErrors: true),
  ]

  private static var sparingAdwin: Adwin.Settings {
    var settings = Adwin.Settings()
    settings.every = 100
    return settings
  }

  private static var sparingWindow: KolmogorovSmirnovWindow.Settings {
    var settings = KolmogorovSmirnovWindow.Settings()
    settings.recent = 10
    settings.window = 20
    return settings
  }

  /// A stream that the detector may be given: errors, or normal numbers; `shift` moves it by as many deviations.
  func value(_ random: inout SplitMix64, shift: Double = 0) -> Double {
    guard isForErrors else { return Double(random.nextNearlyNormal()) + shift }
    return random.nextUnit() < 0.1 + 0.3 * shift ? 1 : 0
  }
}

extension ChangeDetector {
  /// Adds them all; the changes.
  mutating func changes(in values: some Sequence<Double>) -> [Change] {
    var changes: [Change] = []
    for value in values { if let change = add(value) { changes.append(change) } }
    return changes
  }
}

/// The same value as an existential: `mutating` calls on a copy.
func changes(of detector: any ChangeDetector, in values: [Double]) -> [Change] {
  var detector = detector
  return detector.changes(in: values)
}
