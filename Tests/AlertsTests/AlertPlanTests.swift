import Alerts
import Foundation
import Pipelines
import Testing
import Vocabulary

/// A receiver's incidents, told as the plan says, at moments that the test names.
private struct Walk {
  var plan: AlertPlan
  var entries: [AlertEntry] = []
  var history = AlertHistory()
  var isQuiet = false
  /// The numbers in each message: those that fire, and those that are over.
  private(set) var messages: [String] = []
  private(set) var truncated: [Int] = []
  static let start = Date(timeIntervalSince1970: 1_000_000)

  init(_ change: (inout AlertSettings) -> Void = { _ in }) {
    var settings = AlertSettings()
    settings.webhook = "http://127.0.0.1/"
    (settings.groupWait, settings.groupInterval, settings.repeatInterval) = (
      .seconds(30), .seconds(300), .seconds(3600)
    )
    change(&settings)
    plan = AlertPlan(settings)
  }

  static func at(_ seconds: Double) -> Date { start.addingTimeInterval(seconds) }

  mutating func open(
    _ incident: Int64, at seconds: Double, kind: String = "saturated", _ severity: AlertSettings.Severity = .warning,
    isLasting: Bool = true
  ) {
    entries.append(
      AlertEntry(
        incident: incident, kind: kind, severity: severity, isLasting: isLasting, openedAt: Self.at(seconds)))
  }

  mutating func close(_ incident: Int64, at seconds: Double) {
    for index in entries.indices where entries[index].incident == incident {
      entries[index].closedAt = Self.at(seconds)
    }
  }

  func decision(at seconds: Double, isLast: Bool = false) -> AlertPlan.Decision {
    plan.decide(
      AlertPlan.Look(entries, history: history, now: Self.at(seconds), isQuiet: isQuiet, isLast: isLast))
  }

  /// Looks, and does what is to be done; what is settled is gone.
  mutating func look(at seconds: Double, isTaken: Bool = true, isLast: Bool = false) {
    let now = Self.at(seconds)
    switch decision(at: seconds, isLast: isLast) {
    case .rest: return
    case .settle(let gone): entries.removeAll { gone.contains($0.incident) }
    case .send(let batch):
      guard isTaken else {
        history.failures += 1
        history.failedAt = now
        return
      }
      history = AlertHistory(sentAt: now)
      let ended = batch.shown.filter { batch.ended.contains($0.incident) }.map(\.incident)
      let firing = batch.shown.filter { !batch.ended.contains($0.incident) }.map(\.incident)
      messages.append("\(firing) \(ended)")
      truncated.append(batch.truncated)
      let gone = Set(batch.ended + batch.counted)
      entries.removeAll { gone.contains($0.incident) }
      for index in entries.indices where batch.begun.contains(entries[index].incident) { entries[index].wasTold = true }
    }
  }

  /// Looks every second.
  mutating func look(from first: Int, through last: Int, isTaken: Bool = true) {
    for second in first...last { look(at: Double(second), isTaken: isTaken) }
  }
}

@Suite("What receivers of alerts are told, and when")
struct AlertPlanTests {
  @Test("an incident is told once that it began, after others had time to join it, and once that it is over")
  func once() {
    var walk = Walk()
    walk.open(1, at: 0)
    walk.look(from: 0, through: 29)
    #expect(walk.messages.isEmpty)
    walk.open(2, at: 20)
    walk.look(from: 30, through: 400)
    #expect(walk.messages == ["[2, 1] []"])
    walk.close(1, at: 400)
    walk.look(from: 400, through: 1000)
    #expect(walk.messages == ["[2, 1] []", "[2] [1]"])
    walk.close(2, at: 1000)
    walk.look(from: 1000, through: 9000)
    #expect(walk.messages == ["[2, 1] []", "[2] [1]", "[] [2]"])
    #expect(walk.entries.isEmpty)
  }

  @Test("what comes while something goes on waits for the interval, and a message has all that goes on")
  func interval() {
    var walk = Walk()
    walk.open(1, at: 0)
    walk.look(from: 0, through: 40)
    walk.open(2, at: 41)
    walk.look(from: 41, through: 329)
    #expect(walk.messages == ["[1] []"])
    walk.look(at: 330)
    #expect(walk.messages == ["[1] []", "[2, 1] []"])
  }

  @Test("what goes on is told again after the repeat interval, and no sooner")
  func repeated() {
    var walk = Walk()
    walk.open(1, at: 0)
    walk.look(from: 0, through: 3629)
    #expect(walk.messages.count == 1)
    walk.look(at: 3630)
    #expect(walk.messages == ["[1] []", "[1] []"])
    walk.isQuiet = true
    walk.look(from: 3631, through: 20_000)
    #expect(walk.messages.count == 2, "nobody is reminded of a pipeline that a person has paused")
  }

  @Test("pauses between attempts grow to five minutes, nothing is lost in an hour, and nothing is told twice after it")
  func failures() {
    var walk = Walk()
    walk.open(1, at: 0, .error)
    walk.open(2, at: 0, kind: "non_finite", isLasting: false)
    var attempts: [Int] = []
    for second in 0...3600 {
      let before = walk.history.failures
      walk.look(at: Double(second), isTaken: false)
      if walk.history.failures > before { attempts.append(second) }
    }
    #expect(Array(attempts.prefix(7)) == [30, 35, 45, 65, 105, 185, 345])
    let pauses = zip(attempts, attempts.dropFirst()).map { $1 - $0 }
    #expect(pauses.allSatisfy { $0 <= 300 } && pauses.last == 300)
    walk.look(from: 3601, through: 3901)
    #expect(walk.messages.first == "[1, 2] []")
    #expect(walk.history.failures == 0)
    walk.look(from: 3902, through: 4300)
    #expect(walk.messages == ["[1, 2] []", "[1] [2]"], "a moment is over by then, and is told so once")
  }

  @Test("what was over before it could be told is told to nobody; what happened in a moment is told however late")
  func missed() {
    var walk = Walk()
    walk.open(1, at: 0)
    walk.open(2, at: 0, kind: "records_lost", isLasting: false)
    let before = AlertPlan.Look(walk.entries, now: Walk.at(0))
    #expect(walk.plan.waiting(before) == [1, 2])
    walk.close(1, at: 10)
    #expect(walk.plan.waiting(AlertPlan.Look(walk.entries, now: Walk.at(11))) == [2])
    walk.look(at: 50_000)
    #expect(walk.messages == ["[2] []"])
  }

  @Test("a burst is one message with the most urgent in it; the others are counted, and no end of theirs is told")
  func burst() {
    var walk = Walk()
    for incident in 1...250 { walk.open(Int64(incident), at: 0, kind: "non_finite", isLasting: false) }
    walk.open(251, at: 0, kind: "disk", .error)
    walk.look(from: 0, through: 200)
    #expect(walk.messages.count == 1 && walk.truncated == [151])
    #expect(walk.messages[0].hasPrefix("[251, 250, 249,"))
    #expect(walk.entries.count == 100)
    walk.look(from: 201, through: 4600)
    #expect(walk.messages.count == 3, "the 99 that were told are over at once, and the error is told again")
    #expect(walk.messages[1].hasPrefix("[251] [250, 249,") && walk.entries.map(\.incident) == [251])
  }

  @Test("more ends than a message holds come with the next ones, each once")
  func manyEnds() {
    var walk = Walk()
    for incident in 1...90 { walk.open(Int64(incident), at: 0, kind: "k\(incident)") }
    walk.look(at: 30)
    for incident in 91...180 { walk.open(Int64(incident), at: 31, kind: "k\(incident)") }
    walk.look(at: 330)
    for incident in 1...180 { walk.close(Int64(incident), at: 340) }
    walk.look(from: 340, through: 2000)
    #expect(walk.messages.count == 4 && walk.entries.isEmpty)
  }

  @Test("only what the receiver asks for is sent: by severity and by kind, and ends or none")
  func filters() {
    var walk = Walk {
      $0.severity = .error
      $0.kinds = ["diverging"]
      $0.sendResolved = false
    }
    walk.open(1, at: 0, kind: "diverging", .warning)
    walk.open(2, at: 0, kind: "saturated", .error)
    walk.look(from: 0, through: 100)
    #expect(walk.messages.isEmpty)
    walk.open(3, at: 100, kind: "diverging", .error)
    walk.look(from: 100, through: 200)
    walk.close(3, at: 200)
    walk.look(from: 200, through: 2000)
    #expect(walk.messages == ["[3] []"] && walk.entries.map(\.incident) == [1, 2])
  }

  @Test("what follows from a cause that is told waits until the cause is over")
  func causes() {
    var walk = Walk()
    walk.open(1, at: 0, kind: "non_finite", .error)
    walk.open(2, at: 0, kind: "non_finite", isLasting: false)
    walk.open(3, at: 0, kind: "diverging", .error)
    walk.open(4, at: 0, kind: "calibration")
    walk.look(from: 0, through: 100)
    #expect(walk.messages == ["[1] []"])
    walk.close(1, at: 100)
    walk.look(from: 100, through: 340)
    #expect(walk.messages == ["[1] []", "[3, 2] [1]"])
    walk.close(3, at: 341)
    walk.look(from: 341, through: 700)
    #expect(walk.messages.last == "[4, 2] [3]")
  }

  @Test("while a person has paused the pipeline, pages come and tickets wait for its going on")
  func quiet() {
    var walk = Walk()
    walk.isQuiet = true
    walk.open(1, at: 0)
    walk.look(from: 0, through: 1000)
    #expect(walk.messages.isEmpty)
    walk.open(2, at: 1000, .error)
    walk.look(from: 1000, through: 1030)
    #expect(walk.messages == ["[2] []"])
    walk.isQuiet = false
    walk.look(from: 1031, through: 1400)
    #expect(walk.messages == ["[2] []", "[1, 2] []"] || walk.messages == ["[2] []", "[2, 1] []"])
  }

  @Test("at the last look nobody waits for company, and one that fails is tried once more")
  func last() {
    var walk = Walk()
    walk.open(1, at: 0)
    walk.look(at: 1, isTaken: false, isLast: true)
    #expect(walk.history.failures == 1)
    walk.look(at: 2)
    #expect(walk.messages.isEmpty)
    walk.look(at: 2, isLast: true)
    #expect(walk.messages == ["[1] []"])
    #expect(walk.decision(at: 3, isLast: true) == .rest)
  }

  /// A controller that takes over knows what the tables know, and no more.
  @Test("who takes over from what was written down tells the same, at the same moments")
  func takingOver() {
    var one = Walk()
    var other = Walk()
    for second in stride(from: 0.0, through: 4000, by: 1) {
      for incident in [(Int64(1), 0.0, 900.0), (2, 100, 2000), (3, 950, 3000)] where incident.1 == second {
        one.open(incident.0, at: second)
        other.open(incident.0, at: second)
      }
      for incident in [(Int64(1), 900.0), (2, 2000), (3, 3000)] where incident.1 == second {
        one.close(incident.0, at: second)
        other.close(incident.0, at: second)
      }
      one.look(at: second)
      var next = Walk()
      (next.entries, next.history) = (other.entries, other.history)
      let before = other.messages.count
      other.look(at: second)
      if next.decision(at: second) != .rest { #expect(other.messages.count == before + 1) }
    }
    #expect(one.messages == other.messages && one.messages.count == 6)
    #expect(one.entries.isEmpty)
  }
}
