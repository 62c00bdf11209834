public import Vocabulary

/// One thing that may be wrong with a model while it learns: what shows it, from where on it is wrong, and what is done then.
/// A pure function of a window.
public protocol Rule: Sendable {
  var name: HealthRule { get }
  /// What fails, in words that continue "the rule says that".
  var meaning: String { get }
  /// From where on, unless a pipeline says otherwise; in the unit of `observed`.
  func threshold(_ limits: HealthLimits) -> Double
  /// Where the default comes from.
  var source: String { get }
  /// Unless a pipeline says otherwise.
  var action: HealthAction { get }

  /// One finding for each layer, feature or stream that it applies to; passes are listed too, because they are evidence, and
  /// what has too little to go by is `inconclusive`.
  ///
  /// - Parameter threshold: Of a layer, of a feature, or of the stream (`HealthFinding.stream`).
  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding]
}

extension Rule {
  /// A finding of one layer. A NaN passes no bound. It, and infinity, fail even on little evidence: they do not come from
  /// chance.
  func finding(
    _ layer: String, _ observed: Double, _ bound: Bound, hasEvidence: Bool, detail: String? = nil
  ) -> HealthFinding {
    let verdict: Verdict =
      if !observed.isFinite { .fail } else if !hasEvidence { .inconclusive } else {
        bound.holds(observed) ? .pass : .fail
      }
    return HealthFinding(
      rule: name.rawValue, layer: layer, observed: observed, threshold: bound.value, verdict: verdict, detail: detail)
  }
}

/// On which side of a threshold a value is sound.
enum Bound {
  case atMost(Double)
  case atLeast(Double)

  var value: Double {
    switch self {
    case .atMost(let value), .atLeast(let value): value
    }
  }

  func holds(_ observed: Double) -> Bool {
    switch self {
    case .atMost(let most): observed <= most
    case .atLeast(let least): observed >= least
    }
  }
}
