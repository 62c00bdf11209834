import Foundation
import Membership
import Testing
import Vocabulary

@Suite("Rendezvous")
struct RendezvousTests {
  private let now = Date(timeIntervalSince1970: 1_700_000_000)
  private let grace = Duration.seconds(5)

  private func member(
    _ id: String, waited: Double = 0, silent: Double = 0, held: Int64? = nil
  ) -> MemberFacts {
    MemberFacts(
      id: id, address: "127.0.0.1:1", heldStep: held, joinedAt: now.addingTimeInterval(-waited),
      lastSeen: now.addingTimeInterval(-silent))
  }

  private func plan(_ generation: Int64, _ ids: [String]) -> GenerationPlan {
    GenerationPlan(generation: Generation(generation), members: ids.map { member($0) })
  }

  private func decide(
    _ current: GenerationPlan?, _ waiting: [MemberFacts], running: Set<String> = [], desired: Int = 3
  ) -> GenerationPlan? {
    Rendezvous.decide(
      current: current, waiting: waiting, running: running, desired: desired, grace: grace, now: now)
  }

  @Test("a member with another file waits until the pipeline is what it works on, and holds nobody back")
  func otherWork() {
    func member(_ id: String, _ work: String?) -> MemberFacts {
      var member = self.member(id, waited: 6)
      member.work = work
      return member
    }
    let waiting = [member("a", "old"), member("b", "new"), member("c", nil)]
    func formed(_ work: String?) -> [String]? {
      Rendezvous.decide(current: nil, waiting: waiting, desired: 3, grace: grace, work: work, now: now)?.members.map(
        \.id)
    }
    #expect(formed("new") == ["b", "c"])
    #expect(formed("old") == ["a", "c"])
    #expect(formed(nil) == ["a", "b", "c"])
    #expect(
      Rendezvous.decide(current: nil, waiting: [waiting[0]], desired: 1, grace: grace, work: "new", now: now) == nil)
  }

  @Test("nobody waiting forms nothing")
  func nobody() { #expect(decide(nil, []) == nil) }

  @Test("all that are wanted form the first generation at once, the oldest first")
  func complete() throws {
    let formed = try #require(decide(nil, [member("c", waited: 1), member("b"), member("a")]))
    #expect(formed.generation == Generation(1))
    #expect(formed.members.map(\.id) == ["c", "a", "b"])
  }

  @Test("too few wait for the grace, counted from the first, and then go on without the others")
  func graceHolds() {
    #expect(decide(nil, [member("a", waited: 4.9), member("b")]) == nil)
    #expect(decide(nil, [member("a", waited: 5), member("b")])?.members.map(\.id) == ["a", "b"])
  }

  @Test("a silent member is not waited for, not counted and not taken")
  func silent() {
    #expect(decide(nil, [member("a"), member("b"), member("c", silent: 11)]) == nil)
    #expect(decide(nil, [member("a", waited: 6), member("c", waited: 9, silent: 11)])?.members.map(\.id) == ["a"])
  }

  @Test("survivors keep their order before newcomers, and the generation counts up")
  func survivors() throws {
    let waiting = [member("new", waited: 9), member("x"), member("z")]
    let formed = try #require(decide(plan(7, ["z", "y", "x"]), waiting))
    #expect(formed.generation == Generation(8))
    #expect(formed.members.map(\.id) == ["z", "x", "new"])
    #expect(formed.rank(of: "x") == Rank(1))
    #expect(formed.rank(of: "y") == nil)
  }

  @Test("more than wanted: the newest newcomers wait on")
  func tooMany() {
    let waiting = [member("d"), member("c", waited: 1), member("b"), member("a")]
    #expect(decide(plan(1, ["b"]), waiting)?.members.map(\.id) == ["b", "c", "a"])
  }

  @Test("a member listed twice has one place")
  func twice() { #expect(decide(nil, [member("a"), member("a"), member("b")]) == nil) }

  @Test("a newcomer never forms a generation beside a running one, however long it waits")
  func running() {
    let newcomer = [member("c", waited: 60), member("d", waited: 60), member("e", waited: 60)]
    #expect(decide(plan(1, ["a", "b"]), newcomer, running: ["a", "b"]) == nil)
    #expect(decide(plan(1, ["a", "b"]), newcomer, running: ["other"]) != nil)
  }

  @Test("a member that hangs holds the survivors back until the grace has passed, not longer")
  func hanging() {
    let current = plan(1, ["a", "b", "c"])
    #expect(decide(current, [member("a", waited: 4), member("b", waited: 4)], running: ["c"]) == nil)
    #expect(
      decide(current, [member("a", waited: 5), member("b", waited: 4)], running: ["c"])?.members.map(\.id)
        == ["a", "b"])
  }

  @Test("a running generation regroups for a newcomer it has room for, or when it is too large, and for nothing else")
  func regroup() {
    let current = plan(1, ["a", "b"])
    #expect(Rendezvous.shouldRegroup(current, waiting: [member("c")], desired: 3))
    #expect(!Rendezvous.shouldRegroup(current, waiting: [member("c")], desired: 2))
    #expect(!Rendezvous.shouldRegroup(current, waiting: [], desired: 3))
    #expect(!Rendezvous.shouldRegroup(current, waiting: [member("a")], desired: 3))
    #expect(Rendezvous.shouldRegroup(current, waiting: [], desired: 1))
    // One that waits for its contract is nobody to make room for.
    var stranger = member("c")
    stranger.work = "another"
    #expect(!Rendezvous.shouldRegroup(current, waiting: [stranger], desired: 3, work: "ours"))
    #expect(Rendezvous.shouldRegroup(current, waiting: [stranger], desired: 3, work: "another"))
  }

  @Test(
    "whatever waits in whatever order, the plan is the same, bounded and free of the dead",
    arguments: 1...50 as ClosedRange<UInt64>)
  func anyOrder(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let waiting = (0..<Int(random.next() % 8) + 1).map { place in
      member(
        "w\(place)", waited: Double(random.next() % 9), silent: Double(random.next() % 14), held: nil)
    }
    let desired = Int(random.next() % 5) + 1
    let current = random.next() % 2 == 0 ? nil : plan(3, ["w1", "gone", "w0"])
    let formed = decide(current, waiting, desired: desired)
    for _ in 0..<5 { #expect(decide(current, waiting.shuffled(using: &random), desired: desired) == formed) }
    let living = waiting.filter { now.timeIntervalSince($0.lastSeen) <= 10 }
    guard let formed else {
      #expect(living.count < desired && living.allSatisfy { now.timeIntervalSince($0.joinedAt) < 5 })
      return
    }
    #expect(formed.worldSize == min(desired, living.count))
    #expect(Set(formed.members).isSubset(of: Set(living)))
    #expect(formed.generation > (current?.generation ?? Generation(0)))
  }
}
