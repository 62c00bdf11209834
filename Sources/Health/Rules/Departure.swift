import Foundation

/// How far a size lies from those of the windows before it, in logarithms: a factor means as much of a small one as of a large one.
///
/// - Source: Hampel 1974, the identifier; six deviations, for windows are few and not alike.
struct Departure {
  /// The median of those before.
  let usual: Double
  /// Now, in times of it; 1 where that is within what windows differ by themselves, or one of the two is no size.
  let factor: Double
  let hasEvidence: Bool

  static let (windows, windowsMin) = (10, 5)
  private static let deviations = 6.0

  /// - Parameters:
  ///   - before: The newest first.
  ///   - least: Of a deviation, as a share of the size: windows of like records are more alike than others.
  init(_ now: Double, before: [Double], least: Double, windows: Int = Self.windows) {
    let sizes = before.prefix(windows).filter { $0 > 0 && $0.isFinite }.map { log($0) }
    let center = median(sizes)
    let spread = max(deviation(sizes, around: center), least)
    usual = exp(center)
    hasEvidence = sizes.count >= Self.windowsMin
    let isSize = now > 0 && now.isFinite && !sizes.isEmpty
    let away = isSize ? log(now) - center : 0
    factor = abs(away) > Self.deviations * spread ? exp(max(-700, min(700, away))) : 1
  }

  /// The factor or, of what has become smaller, one divided by it.
  var change: Double { max(factor, 1 / factor) }

  /// `4.2 times what it was`, or `1/4.2 of what it was`.
  var sentence: String {
    factor >= 1 ? "\(short(factor)) times what it was" : "1/\(short(1 / factor)) of what it was"
  }
}

extension Rule {
  /// A layer's size beside those of the windows before.
  func findings(
    _ window: HealthWindow, _ limits: HealthLimits, _ what: String, least: Double, _ now: (LayerHealth) -> Double?,
    _ then: (LayerTrace) -> Double?, threshold: (String) -> Double
  ) -> [HealthFinding] {
    window.layers.compactMap { layer in
      guard let value = now(layer) else { return nil }
      let before = window.layersBefore.compactMap { traces in
        traces.first { $0.layer == layer.layer && $0.steps >= limits.stepsMin }.flatMap(then)
      }
      let departure = Departure(value, before: before, least: least)
      return finding(
        layer.layer, departure.change, .atMost(threshold(layer.layer)),
        hasEvidence: departure.hasEvidence && layer.steps >= limits.stepsMin,
        detail:
          "the \(what) of layer \(layer.layer) is \(short(value)): \(departure.sentence), \(short(departure.usual))")
    }
  }
}
