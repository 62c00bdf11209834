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

    public init(since: Int64, noticed: Int64, before: Double, after: Double) {
      (self.since, self.noticed, self.before, self.after) = (since, noticed, before, after)
    }

    /// By how much the loss rose, as a share of what it was; below 0: it fell.
    public var rise: Double { (after - before) / max(abs(before), .leastNormalMagnitude) }
  }

  private var detector = Adwin()
  /// Since the window began, the newest last.
  public private(set) var shifts: [Shift] = []
  /// Of one window; of more the oldest are forgotten.
  public static let shiftsMax = 16

  public init() {}

  /// Takes the mean loss of a step that was applied and had labelled records.
  public mutating func add(_ loss: Double, step: Int64) {
    guard let change = detector.add(loss) else { return }
    // A step without a value in between makes it a little later than it was.
    let since = change.began.map { step - (change.noticed - $0) } ?? step
    shifts.append(Shift(since: max(1, since), noticed: step, before: change.meanBefore, after: change.meanAfter))
    if shifts.count > Self.shiftsMax { shifts.removeFirst() }
  }

  /// Takes over the window before, which nobody has looked at.
  public mutating func absorbWindow(of older: LossWatch) {
    shifts = Array((older.shifts + shifts).suffix(Self.shiftsMax))
  }

  public mutating func beginWindow() { shifts.removeAll(keepingCapacity: true) }
}
