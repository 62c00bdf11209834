public import Vocabulary

/// Watches the mean loss of each step, as its records were predicted before they were learned, and says since when it is another
/// one: concept drift at the speed of the stream.
///
/// A value, the same on every rank: it goes on with the same answers from a checkpoint.
public struct LossWatch: Sendable, Hashable, Codable {
  /// The loss is another one since a step.
  public struct Shift: Sendable, Hashable, Codable {
    /// The first step of the new loss, as well as can be said.
    public var since: Int64
    /// The step with which it was noticed.
    public var noticed: Int64
    @JSONSafe public var before: Double
    @JSONSafe public var after: Double
    /// How the answers of two classes met the labels before and since; nil: of another task, or nobody counted.
    public var answersBefore: AnswerCounts?
    public var answersAfter: AnswerCounts?

    public init(
      since: Int64, noticed: Int64, before: Double, after: Double, answersBefore: AnswerCounts? = nil,
      answersAfter: AnswerCounts? = nil
    ) {
      (self.since, self.noticed, self.before, self.after) = (since, noticed, before, after)
      (self.answersBefore, self.answersAfter) = (answersBefore, answersAfter)
    }

    /// By how much the loss rose, as a share of what it was; below 0: it fell.
    public var rise: Double { (after - before) / max(abs(before), .leastNormalMagnitude) }
  }

  /// A change has to stay for hundreds of steps, so a few steps later is early enough to notice it.
  private static let testedEvery = 8
  private var detector = LossWatch.newDetector()
  private var trail = StepTrail()
  /// Noticed, and not known yet to stay.
  private var pending: Shift?
  /// Of the window.
  private var sum = 0.0
  private var count: Int64 = 0
  /// Of a few steps of the window, what their records lost again once they were learned; nil: of none.
  public private(set) var relearned: LearnedLoss?
  /// Since the window began, the newest last.
  public private(set) var shifts: [Shift] = []
  /// Of one window; of more the oldest are forgotten.
  public static let shiftsMax = 16

  public init() {}

  private static func newDetector() -> Adwin {
    var settings = Adwin.Settings()
    settings.every = testedEvery
    return Adwin(settings)
  }

  /// Mean of the window's steps; nil: there were none.
  public var windowLoss: Double? { count > 0 ? sum / Double(count) : nil }

  /// The median of the newest steps, and how far they lie from it: the median absolute deviation as a standard deviation, of a
  /// twentieth of the median at least. nil: there are fewer than `steps`.
  public func usualLoss(steps: Int) -> (center: Double, spread: Double)? {
    let losses = trail.losses
    guard losses.count >= steps else { return nil }
    let center = median(losses)
    return (center, max(deviation(losses, around: center), 0.05 * abs(center)))
  }

  /// So many steps the loss has to stay another one: a storm that passes is no new climate. So many steps also
  /// differ no more by chance than windows do.
  public static let stepsToStay = 256

  /// Takes the mean loss of a step that was applied and had labelled records.
  ///
  /// - Parameter answers: Of a model of two classes, how its answers met the labels.
  public mutating func add(_ loss: Double, answers: AnswerCounts? = nil, step: Int64) {
    if loss.isFinite {
      trail.add(loss, answers, step: step)
      sum += loss
      count += 1
    }
    if let change = detector.add(loss) {
      // A step without a value in between makes it a little later than it was.
      let since = max(1, change.began.map { step - (change.noticed - $0) } ?? step)
      pending = Shift(since: since, noticed: step, before: change.meanBefore, after: change.meanAfter)
    }
    settle(step)
  }

  /// Takes what a few steps' records lost before and after they were learned; of nothing nothing.
  public mutating func add(_ loss: LearnedLoss) {
    guard loss.records > 0 else { return }
    var sum = relearned ?? LearnedLoss()
    sum.add(loss)
    relearned = sum
  }

  /// Tells what was noticed, once it has stayed; what did not stay was a spell.
  private mutating func settle(_ step: Int64) {
    // No step has two losses, so before that there are too few.
    guard var shift = pending, step - shift.since >= Self.stepsToStay - 1, let now = trail.loss(since: shift.since),
      now.steps >= Self.stepsToStay
    else { return }
    pending = nil
    let middle = (shift.before + shift.after) / 2
    guard shift.after > shift.before ? now.mean > middle : now.mean < middle else { return }
    shift.after = now.mean
    let answers = trail.answers(around: shift.since)
    (shift.answersBefore, shift.answersAfter) = (answers?.before, answers?.after)
    shifts.append(shift)
    if shifts.count > Self.shiftsMax { shifts.removeFirst() }
  }

  /// From now on it watches another model: what was is no measure for it. What was noticed stays noticed.
  public mutating func follow() {
    detector = Self.newDetector()
    trail = StepTrail()
    pending = nil
  }

  /// Takes over the window before, which nobody has looked at.
  public mutating func absorbWindow(of older: LossWatch) {
    shifts = Array((older.shifts + shifts).suffix(Self.shiftsMax))
    sum += older.sum
    count += older.count
    if let relearned = older.relearned { add(relearned) }
  }

  public mutating func beginWindow() {
    shifts.removeAll(keepingCapacity: true)
    (sum, count, relearned) = (0, 0, nil)
  }
}
