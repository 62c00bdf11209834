public import Foundation
import Vocabulary

/// Where members wait until there are enough of them for the next generation.
public enum Rendezvous {
  /// The next generation, or nil while it is better to wait.
  ///
  /// It forms as soon as `desired` members wait, or once `grace` has passed since the first of them began to. Members
  /// of the current generation that still run hold it back: for good where all of its living members run (newcomers
  /// wait until those come too, see `shouldRegroup`), and until the grace has passed where some of them wait already,
  /// because the generation is broken and those that run may hang.
  ///
  /// Members of the current generation go first and keep their order, so that ranks move as little as possible;
  /// newcomers follow by age, then by id. Whoever is beyond `desired` waits on.
  ///
  /// - Parameters:
  ///   - waiting: In any order; those whose last heartbeat is older than `silence` are taken for dead.
  ///   - running: Ids of members that live and do not wait.
  ///   - desired: The wanted number of members; at least 1.
  ///   - work: What the pipeline is by now: members with another digest wait, whatever happens; nil: any goes.
  public static func decide(
    current: GenerationPlan?, waiting: [MemberFacts], running: Set<String> = [], desired: Int, grace: Duration,
    silence: Duration = .seconds(10), work: String? = nil, now: Date
  ) -> GenerationPlan? {
    precondition(desired >= 1, "a generation of \(desired) members cannot be")
    let present = order(
      waiting.filter { now.timeIntervalSince($0.lastSeen) <= silence.seconds && $0.agrees(on: work) }, after: current)
    guard let first = present.map(\.joinedAt).min() else { return nil }
    let isGraceOver = now.timeIntervalSince(first) >= grace.seconds
    if let current, current.members.contains(where: { running.contains($0.id) }) {
      let isBroken = present.contains { current.rank(of: $0.id) != nil }
      guard isBroken && isGraceOver else { return nil }
    }
    guard present.count >= desired || isGraceOver else { return nil }
    return GenerationPlan(
      generation: current?.generation.next ?? Generation(1), members: Array(present.prefix(desired)))
  }

  /// Whether a running generation should come to the rendezvous: somebody waits whom it has room for, or it has more
  /// members than wanted.
  ///
  /// - Parameter work: As in `decide`: for members with another digest there is no room.
  public static func shouldRegroup(
    _ current: GenerationPlan, waiting: [MemberFacts], desired: Int, work: String? = nil
  ) -> Bool {
    let hasNewcomer = waiting.contains { current.rank(of: $0.id) == nil && $0.agrees(on: work) }
    return current.worldSize > desired || (current.worldSize < desired && hasNewcomer)
  }

  private static func order(_ members: [MemberFacts], after current: GenerationPlan?) -> [MemberFacts] {
    var seen: Set<String> = []
    return members.filter { seen.insert($0.id).inserted }.sorted { left, right in
      let places = (current?.rank(of: left.id), current?.rank(of: right.id))
      switch places {
      case (let left?, let right?): return left < right
      case (.some, nil): return true
      case (nil, .some): return false
      case (nil, nil): return (left.joinedAt, left.id) < (right.joinedAt, right.id)
      }
    }
  }
}
