import Foundation
import Learning
import Membership
import Pipelines
import Registry
import Telemetry
import Vocabulary

extension TrainingThread {
  /// Workers do not hold the same: whoever may be wrong gives its state up, and a person hears who that is.
  ///
  /// - Parameter generation: In which it was found.
  func settle(_ divergence: ReplicaDivergence, in generation: GenerationRecord) {
    let members = generation.members
    let isReproducible = resources.pipeline.training.reproducible
    let rank = members.firstIndex { $0.id == resources.memberID }.map { Rank($0) }
    let keeps = rank.map { divergence.keepsState($0, isReproducible: isReproducible) } ?? false
    if !keeps {
      state = nil
      _ = learner.takeHealth()
      _ = learner.takeCosts()
    }
    resources.board.report { $0.phase = "regrouping" }
    var sentence = divergence.sentence(
      members: members.map { "worker \($0.id) at \($0.address)" }, isReproducible: isReproducible)
    let isKnown = divergence.damaged.count < members.count || members.count == 1
    let damaged = isKnown ? divergence.damaged.filter(members.indices.contains).map { members[$0] } : []
    for member in damaged {
      let times = damages.note(host: DamageLog.host(of: member.address), at: .now)
      if times >= DamageLog.many {
        sentence += "; \(times) times within an hour on that machine: take it out of service"
      }
    }
    resources.logger.error(
      keeps
        ? "another worker's state is damaged; going on from memory"
        : "this worker's state may be damaged; it is given up for a sound one",
      [.generation: LogValue(generation.generation.rawValue), .error: LogValue(sentence)])
    var details = ["step": String(divergence.step)]
    details["damaged"] = damaged.isEmpty ? nil : damaged.map(\.id).joined(separator: ", ")
    details["part"] = divergence.parts.isEmpty ? nil : divergence.parts.joined(separator: ", ")
    let key = "replica_diverged generation \(generation.generation.rawValue) step \(divergence.step)"
    tell(.replicas, Trouble("replica_diverged", sentence, details: details, key: key))
    if isReproducible, let suspicion = Suspicion(divergence) { suspects = (suspicion, members) }
  }

  /// Says that this worker did not give the same twice.
  var tellDoubt: (String) -> Void {
    let (troubles, logger, memberID) = (resources.troubles, resources.logger, resources.memberID)
    return { sentence in
      logger.error("a step that was made again was not the same", [.error: LogValue(sentence)])
      let trouble = Trouble(
        "replica_diverged", "\(sentence) (worker \(memberID))", details: ["damaged": memberID],
        key: "replica_diverged \(memberID) gave \(sentence)")
      Task { await troubles.tell(.gradients, trouble) }
    }
  }

  /// Has the loop look, once it comes to that step again, at who was right; where that can be said, a person hears of it.
  func watchSuspects(in loop: StepLoop) {
    guard let (suspicion, members) = suspects else { return }
    let (troubles, logger) = (resources.troubles, resources.logger)
    loop.suspect(suspicion) { [weak self] wrong in
      self?.suspects = nil
      guard let wrong else { return }
      let damaged = wrong.filter(members.indices.contains).map { members[$0] }
      let names = damaged.map { "worker \($0.id) at \($0.address)" }.joined(separator: ", ")
      let sentence =
        "step \(suspicion.step) was made again from the newest checkpoint, and is not what \(names) held of it: look at the memory "
        + "of its machine"
      logger.error("it is known now whose state was damaged", [.error: LogValue(sentence)])
      let details = ["step": String(suspicion.step), "damaged": damaged.map(\.id).joined(separator: ", ")]
      let key = "replica_diverged step \(suspicion.step) again: \(damaged.map(\.id).joined(separator: " "))"
      let trouble = Trouble("replica_diverged", sentence, details: details, key: key)
      Task { await troubles.tell(.replicas, trouble) }
    }
  }
}

/// How often a machine's workers held something else, of late. A bit that flips once may flip anywhere; memory that is going
/// flips again.
package struct DamageLog: Sendable {
  package static let many = 3
  private static let window = Duration.seconds(3600)
  /// Of that many machines at most.
  private static let hostsMax = 256
  private var times: [String: [ContinuousClock.Instant]] = [:]

  package init() {}

  /// Once more.
  ///
  /// - Returns: How often within an hour.
  package mutating func note(host: String, at now: ContinuousClock.Instant) -> Int {
    times = times.mapValues { $0.filter { now - $0 < Self.window } }.filter { !$0.value.isEmpty }
    guard times[host] != nil || times.count < Self.hostsMax else { return 1 }
    times[host, default: []].append(now)
    return times[host]?.count ?? 1
  }

  /// Without the port, which is another one with every start.
  package static func host(of address: String) -> String {
    address.lastIndex(of: ":").map { String(address[..<$0]) } ?? address
  }
}
