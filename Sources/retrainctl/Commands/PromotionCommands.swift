import Arguments
import Foundation
import Registry
import Rollouts
import Vocabulary

struct PromoteCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "promote", abstract: "Make a version the stable one, by hand.",
      discussion: """
        Whatever its state, a rolled-back one included: a person who names it may. The version that was stable is \
        retired; servers change over without a failed request. The journal says who it was. While promotion is \
        frozen ('retrainctl freeze') it is refused, unless --despite-freeze says that this is known.
        """)
  }

  @Argument(help: "The version's number.") var number: VersionNumber
  @Option(name: "by", valueName: "name", help: "Who decides; by default who is logged in.") var person: String?
  @Flag(help: "Although somebody has frozen promotion.") var despiteFreeze: Bool
  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  func run() async throws {
    try await decide(for: "promote", choice, format, about: number.value, despiteFreeze: despiteFreeze) {
      versions, freeze in
      try Rollout.promote(number.value, by: person ?? NSUserName(), versions: versions, freeze: freeze)
    }
  }
}

struct RollbackCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "rollback", abstract: "Return from the stable version to the one before, by hand.",
      discussion: "The version that is rolled back never serves again unless a person promotes it by name.")
  }

  @OptionGroup var decision: DecisionOptions
  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  func run() async throws {
    try await decide(for: "rollback", choice, format) { versions, _ in
      try Rollout.rollBack(by: decision.actor, why: decision.reason ?? "", versions: versions)
    }
  }
}

struct RejectCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "reject", abstract: "Reject a version that is not stable yet, by hand.",
      discussion: """
        A candidate, a validated version or the canary: servers stop asking it before the next request, and it never \
        serves unless a person promotes it by name. The journal says who it was, and why. The stable version is left \
        with 'retrainctl rollback'.
        """)
  }

  @Argument(help: "The version's number.") var number: VersionNumber
  @OptionGroup var decision: DecisionOptions
  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  func run() async throws {
    try await decide(for: "reject", choice, format, about: number.value, isToServe: false) { versions, _ in
      try Rollout.reject(number.value, by: decision.actor, why: decision.reason ?? "", versions: versions)
    }
  }
}

/// Writes down what a person decides, compare-and-set: if the controller was quicker, nothing happens.
private func decide(
  for purpose: String, _ choice: PipelineChoice, _ format: OutputFormat, about number: Int64? = nil,
  isToServe: Bool = true, despiteFreeze: Bool = false, _ rule: ([VersionFacts], Freeze?) throws -> [RolloutDecision]
) async throws {
  try await withRegistry(for: purpose) { registry in
    let record = try await choice.record(in: registry)
    var versions = try await registry.versionsInPlay(pipeline: record.id)
    if let number, !versions.contains(where: { $0.number == number }),
      let named = try await registry.version(number, pipeline: record.id)
    {
      versions.append(named)
    }
    if isToServe, let named = versions.first(where: { $0.number == number }) {
      try await checkState(of: named, registry)
    }
    let freeze = despiteFreeze ? nil : try await registry.freeze(pipeline: record.id)
    let decisions: [RolloutDecision]
    do { decisions = try rule(versions.map(\.facts), freeze) } catch {
      guard let error = error as? RolloutError else { throw error }
      let remedy =
        freeze != nil && isToServe && error.code == .refused ? "; --despite-freeze promotes all the same" : ""
      throw CommandFailure(.usage, error.reason + remedy)
    }
    try await registry.apply(
      decisions, evidence: "{}", pipeline: record.id, lease: nil, despiteFreeze: despiteFreeze)
    if format.json { return try Console.say(json: decisions) }
    for decision in decisions {
      Console.say("v\(decision.version) \(decision.from.rawValue) → \(decision.to.rawValue): \(decision.reason)")
    }
  }
}

/// A version without its weights can be named, and nobody could serve it.
private func checkState(of version: VersionRecord, _ registry: Registry) async throws {
  guard let checkpoint = try await registry.checkpoint(version.checkpoint), !checkpoint.hasState else { return }
  throw CommandFailure(
    .usage,
    "version \(version.number) cannot serve: the state of its checkpoint \(checkpoint.id) was pruned; those of the newest "
      + "`checkpoint.keep` checkpoints, and of as many versions that were confirmed, are kept: 'retrainctl versions' lists them"
  )
}
