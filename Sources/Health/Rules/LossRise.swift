import Vocabulary

/// How far a loss has risen beside what windows' losses differ by themselves.
struct LossRise {
  /// The largest of the window; nil: it did not change.
  let shift: LossWatch.Shift?
  /// As a share of what it was, or of the median of the windows before where that is more; 0: it has not risen.
  let rise: Double
  /// How far windows before rose above their median by themselves, and half as much again: three deviations of theirs, or the worst
  /// of them where that is more. A share of the median.
  let usual: Double
  let hasEvidence: Bool

  /// How many windows before it are looked at, and how many there have to be.
  private static let (windows, windowsMin) = (40, 10)

  /// - Parameter loss: Of the windows before, the loss to hold it against.
  init(
    _ shifts: [LossWatch.Shift], _ window: HealthWindow, _ loss: (HealthWindow.Score) -> Double?,
    _ limits: HealthLimits
  ) {
    let earlier = window.before.prefix(Self.windows).filter { $0.records >= limits.recordsMin }.compactMap(loss)
    let center = median(earlier)
    let worst = (earlier.max() ?? center) - center
    usual = center > 0 ? max(3 * deviation(earlier, around: center), 1.5 * worst) / center : 0
    hasEvidence = earlier.count >= Self.windowsMin
    func rise(_ shift: LossWatch.Shift) -> Double {
      let level = max(shift.before, center)
      return (shift.after - level) / max(abs(level), .leastNormalMagnitude)
    }
    shift = shifts.max { rise($0) < rise($1) }
    self.rise = max(0, shift.map(rise) ?? 0)
  }
}

extension Rule {
  /// Less than chance makes of a few hundred answers.
  private static var apart: Double { 0.05 }

  /// What a rule says of a loss that rose.
  func finding(_ rise: LossRise, _ what: String, _ window: HealthWindow, threshold: Double) -> HealthFinding {
    finding(
      HealthFinding.stream, rise.rise, .atMost(max(threshold, rise.usual)), hasEvidence: rise.hasEvidence,
      detail: rise.shift.map { shift in
        "since about step \(shift.since) \(what) is \(short(shift.after)), before it was \(short(shift.before)) "
          + "(noticed at step \(shift.noticed)); " + cause(of: shift, window)
      })
  }

  /// What changed with it: the labels' meaning, the features, or what the features say of the label.
  private func cause(of shift: LossWatch.Shift, _ window: HealthWindow) -> String {
    guard let before = shift.answersBefore, let after = shift.answersAfter else { return columns(window) }
    let shares = "\(percent(after.wrongShare)) of the answers are wrong, before \(percent(before.wrongShare))"
    // Answers that told the classes apart tell them apart the other way round.
    if let was = before.youden, let now = after.youden, was > Self.apart, now < -Self.apart {
      return shares + ": the labels look turned round"
    }
    return shares + "; " + columns(window)
  }

  private func columns(_ window: HealthWindow) -> String {
    guard let drift = window.drift else { return "whether features changed with it is not known yet" }
    let changed = drift.columns.filter { $0.change != .none && $0.column.role != .prediction }
    if changed.isEmpty {
      return "no feature is spread otherwise, nor is the label: what the features say of the label has changed"
    }
    return changed.map(\.subject).joined(separator: ", ") + (changed.count == 1 ? " has" : " have") + " changed as well"
  }
}
