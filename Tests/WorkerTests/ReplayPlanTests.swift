import Registry
import Testing
import Vocabulary
import Worker

@Suite("Plan of a replay")
struct ReplayPlanTests {
  /// Checkpoints of ten steps each, of which each partition gives 20 records.
  private static func windows(_ count: Int, _ change: (Int, inout LineageWindow) -> Void = { _, _ in })
    -> [LineageWindow]
  {
    (1...count).map { number in
      var window = window(number)
      change(number, &window)
      return window
    }
  }

  private static func window(
    _ number: Int, hasState: Bool = true, endsShort: Bool? = false, isFinal: Bool = false, ledgerFrom: Int64? = nil,
    isCopy: Bool = false, next: Int64? = nil
  ) -> LineageWindow {
    let step = Int64(number) * 10
    return LineageWindow(
      checkpoint: Int64(number), parent: number == 1 ? nil : Int64(number - 1), lineage: 0, step: step,
      hasState: hasState, contract: 1, endsShort: endsShort, isFinal: isFinal, ledgerFrom: ledgerFrom ?? (step - 9),
      isCopy: isCopy,
      progress: (0..<Int32(2)).map { partition in
        var progress = PartitionProgress(partition: partition, startOffset: 0)
        progress.nextOffset = next ?? step * 2
        return progress
      })
  }

  private static let record = LeftOut([OffsetStretch(partition: 1, from: 45, next: 46)])

  @Test("it begins with the newest state from before the first of the records, and ends with the newest checkpoint")
  func begins() throws {
    let plan = try ReplayPlan(Self.windows(5), leavingOut: Self.record, isDealt: true)
    #expect(plan.start?.checkpoint == 2 && plan.steps == 21...50 && plan.end.checkpoint == 5)
    #expect(plan.segments.map(\.ends) == [[100, 100]] && plan.segments.allSatisfy { !$0.isDrained })
    // One that was pruned is none, nor one that has learned a record already.
    let pruned = Self.windows(5) { if $0 == 2 { $1 = Self.window(2, hasState: false) } }
    #expect(try ReplayPlan(pruned, leavingOut: Self.record, isDealt: true).start?.checkpoint == 1)
    let none = Self.windows(5) { $1 = Self.window($0, hasState: false) }
    let whole = try ReplayPlan(none, leavingOut: Self.record, isDealt: false)
    #expect(whole.start == nil && whole.steps == 1...50)
  }

  @Test("where a run ended with the stream, steps are dealt up to there, and from there on anew")
  func drained() throws {
    let windows = Self.windows(5) { if $0 == 3 { $1 = Self.window(3, endsShort: true, isFinal: true) } }
    let plan = try ReplayPlan(windows, leavingOut: Self.record, isDealt: true)
    #expect(plan.segments.map(\.isDrained) == [true, false] && plan.segments.map(\.steps) == [21...30, 31...50])
    #expect(plan.segments[0].ends == [60, 60])
    // In the steps that they were taken in there is nothing to deal.
    #expect(try ReplayPlan(windows, leavingOut: Self.record, isDealt: false).segments.map(\.steps) == [21...50])
    // A run that is being drained just now is left to itself.
    let draining = Self.windows(5) { if $0 == 5 { $1 = Self.window(5, endsShort: true) } }
    #expect(try ReplayPlan(draining, leavingOut: Self.record, isDealt: true).end.checkpoint == 4)
  }

  @Test(
    "where a lineage went on elsewhere in the stream, so does the replay; where it went on in place nothing changes")
  func jumps() throws {
    func windows(_ next: Int64) -> [LineageWindow] {
      Self.windows(5) { number, window in
        if number == 4 {
          window = LineageWindow(
            checkpoint: 4, parent: 3, lineage: 1, step: 30, hasState: true, contract: 1, endsShort: false,
            isFinal: false,
            ledgerFrom: 31, isCopy: true, progress: Self.window(4, next: next).progress)
        } else if number == 5 {
          window = LineageWindow(
            checkpoint: 5, parent: 4, lineage: 1, step: 40, hasState: true, contract: 1, endsShort: false,
            isFinal: false,
            ledgerFrom: 31, progress: Self.window(5, next: next + 20).progress)
        }
      }
    }
    let moved = try ReplayPlan(windows(90), leavingOut: Self.record, isDealt: true)
    #expect(
      moved.segments.map(\.steps) == [21...30, 31...40] && moved.segments[1].jump?.map(\.nextOffset) == [90, 90])
    let inPlace = try ReplayPlan(windows(60), leavingOut: Self.record, isDealt: true)
    #expect(inPlace.segments.map(\.steps) == [21...40] && inPlace.segments[0].jump == nil)
  }

  @Test("what cannot be made again is said: no ledger, no state, an older program's checkpoints, nothing learned")
  func refusals() {
    func refusal(_ windows: [LineageWindow], _ record: LeftOut = Self.record) -> String {
      do {
        _ = try ReplayPlan(windows, leavingOut: record, isDealt: true)
        return ""
      } catch { return "\(error)" }
    }
    #expect(refusal(Self.windows(5) { if $0 == 4 { $1 = Self.window(4, ledgerFrom: 41) } }).contains("has no ledger"))
    #expect(
      refusal(Self.windows(5) { if $0 == 4 { $1 = Self.window(4, endsShort: nil) } }).contains("an older program"))
    #expect(refusal([]).contains("no checkpoint yet"))
    #expect(
      refusal(Self.windows(2), LeftOut([OffsetStretch(partition: 0, from: 99, next: 100)])).contains("has not learned"))
    let orphan = Self.windows(5).dropFirst().map { window in
      LineageWindow(
        checkpoint: window.checkpoint, parent: window.parent, lineage: 0, step: window.step, hasState: false,
        contract: 1,
        endsShort: false, isFinal: false, ledgerFrom: window.ledgerFrom, progress: window.progress)
    }
    #expect(refusal(Array(orphan)).contains("no checkpoint from before"))
  }
}
