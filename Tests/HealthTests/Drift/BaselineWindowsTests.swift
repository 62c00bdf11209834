import Health
import Testing
import Vocabulary

@Suite("Windows of a baseline")
struct BaselineWindowsTests {
  private static let column = RowColumn("dist", .feature, .number)

  private static func windows(_ checkpoints: ClosedRange<Int64>, of records: Int64 = 1000) -> [BaselineWindows.Window] {
    checkpoints.map { BaselineWindows.Window(checkpoint: $0, records: records) }
  }

  private static func span(
    _ first: Int64, _ last: Int64?, rule: HealthRule = .unitChange, isAccepted: Bool = false
  ) -> DriftSpan {
    DriftSpan(rule: rule, features: ["dist"], first: first, last: last, isAccepted: isAccepted)
  }

  @Test("are the newest that the version was made of, where there are enough")
  func usual() {
    let chosen = BaselineWindows(Self.windows(1...60), anchor: 50, spans: [])
    #expect(chosen.checkpoints == Array((19...50).reversed()) && chosen.isEnough && chosen.count == 32)
  }

  @Test("windows in which the column had changed are none, whatever was promoted meanwhile and whether it is over")
  func broken() {
    let going = BaselineWindows(Self.windows(1...60), anchor: 50, spans: [Self.span(41, nil)])
    #expect(going.checkpoints == Array((9...40).reversed()))
    let over = BaselineWindows(Self.windows(1...60), anchor: 50, spans: [Self.span(41, 46)])
    #expect(over.checkpoints == Array(((14...40).map(Int64.init) + (46...50)).reversed()))
  }

  @Test("a young version's are filled up with those right behind it, until there are enough and no further")
  func young() {
    #expect(BaselineWindows(Self.windows(1...5), anchor: 3, spans: []).count == 5)
    let enough = BaselineWindows(Self.windows(1...40), anchor: 3, spans: [])
    #expect(enough.checkpoints == Array((1...8).reversed()) && enough.isEnough)
    // Windows of few records are taken together.
    let small = BaselineWindows(Self.windows(1...40, of: 500), anchor: 3, spans: [])
    #expect(small.count == 8 && small.checkpoints.count == 16)
  }

  @Test("what a person accepted begins with the change")
  func accepted() {
    let spans = [Self.span(41, 45, isAccepted: true)]
    let chosen = BaselineWindows(Self.windows(1...60), anchor: 30, spans: spans)
    #expect(chosen.checkpoints == Array((41...48).reversed()))
    #expect(!BaselineWindows(Self.windows(1...43), anchor: 30, spans: spans).isEnough)
  }

  @Test("are of each column its own, and what is not watched yet is said, with how long that will be")
  func plan() throws {
    let windows = Self.windows(1...43)
    let plan = BaselinePlan(windows, anchor: 30, spans: [Self.span(41, 43, isAccepted: true)])
    #expect(plan.usual.isEnough && plan.windows(of: RowColumn("origin", .feature, .category)) == plan.usual)
    #expect(plan.windows(of: Self.column).checkpoints == [43, 42, 41])
    #expect(plan.windows(of: RowColumn("dist", .prediction, .number)) == plan.usual)
    let wait = try #require(plan.wait(recordsPerSecond: 100))
    #expect(wait.columns == ["dist"] && wait.windows == 3 && wait.secondsLeft == 50)
    #expect(wait.sentence.hasPrefix("drift of dist is not watched yet: 3 of 8 windows of 1000 records"))
    // Nobody knows how long what is broken stays so.
    let broken = BaselinePlan(Self.windows(38...43), anchor: 43, spans: [Self.span(40, nil)])
    #expect(broken.wait(recordsPerSecond: 100)?.columns == [] && broken.wait(recordsPerSecond: nil)?.secondsLeft == nil)
    #expect(BaselinePlan(windows, anchor: 30, spans: []).wait(recordsPerSecond: 1) == nil)
  }

  @Test("of the label an incident about a feature says nothing, and the other way round")
  func label() {
    let label = RowColumn("late", .label, .number)
    let drift = DriftSpan(rule: .labelDrift, features: [], first: 3, last: nil, isAccepted: false)
    #expect(drift.watches(label) && !drift.watches(Self.column) && !Self.span(3, nil).watches(label))
  }
}
