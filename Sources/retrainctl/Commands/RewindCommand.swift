import Arguments
import Foundation
import Pipelines
import Registry
import Vocabulary

struct RewindCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "rewind",
      abstract: "Go back to before the harm, and leave out what did it, or learn it again more carefully.",
      discussion: """
        Training goes on from the newest checkpoint before the harm that is kept. When that began, the oldest open \
        incident of health says, or the halt; --to, --before and --steps say it otherwise. The stretch of the stream from \
        there to where training stands is left out, and counted as skipped; with --learning-rate or --clip-norm it is \
        learned once more with these instead, which hold until the file says something else. What was learned between the checkpoint and the \
        harm is learned again. --until says where the harm ended. Offsets are printed, and kept in 'incidents' and 'audit'.

        --dry-run tells all of that, and changes nothing.
        """)
  }

  @Option(valueName: "id", help: "The harm began after this checkpoint.") var to: Int64?
  @Option(valueName: "p:offset,…", help: "The harm began with these offsets.") var before: OffsetList?
  @Option(valueName: "n", help: "The harm began in the last n steps.") var steps: Int?
  @Option(valueName: "p:offset,…", help: "The harm ended before these offsets; by default where training stands.")
  var until: OffsetList?
  @Flag(help: "Leave the stretch out, as without --learning-rate and --clip-norm.") var skip: Bool
  @Flag(help: "Tell what would be done, and change nothing.") var dryRun: Bool
  @OptionGroup var learning: LearningOptions
  @OptionGroup var decision: DecisionOptions
  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  private var learnsAgain: Bool { learning.learningRate != nil || learning.clipNorm != nil }

  func mistakes() -> [String] {
    let said = [to != nil, before != nil, steps != nil].filter(\.self).count
    var mistakes = said > 1 ? ["say with one of --to, --before and --steps when the harm began"] : []
    if skip, learnsAgain {
      mistakes.append("--skip leaves out what --learning-rate and --clip-norm learn again: say one")
    }
    if learnsAgain, until != nil {
      mistakes.append("--until ends what is left out; nothing is, with --learning-rate or --clip-norm")
    }
    if let steps, steps < 1 { mistakes.append("--steps must be 1 or more, not \(steps)") }
    return mistakes + learning.mistakes
  }

  private struct Plan: Encodable {
    var pipeline: String
    var checkpoint: Int64
    var step: Int64
    var because: String
    /// What is left out, or learned again.
    var stretch: [OffsetStretch]
    var isSkipped: Bool
  }

  private var target: RewindTarget {
    if let to { return .checkpoint(to) }
    if let before { return .before(before.offsets) }
    return steps.map { .steps(Int64($0)) } ?? .harm
  }

  func run() async throws {
    try await withRegistry(for: "rewind") { registry in
      let turn = try LineageTurn(try await choice.record(in: registry), registry)
      let plan: RewindPlan
      do { plan = try await registry.rewindPlan(pipeline: turn.record.id, to: target, until: until?.offsets) } catch let
        error
        as RegistryError where error.code == .refused
      { throw CommandFailure(.usage, error.message) }
      guard learnsAgain || !plan.stretch.isEmpty else {
        throw CommandFailure(
          .usage,
          "there is nothing to leave out up to where training stands (\(plan.because)): say with --until where the harm ended, or "
            + "learn it again with --learning-rate or --clip-norm")
      }
      try await turn.verify(plan.origin, "checkpoint \(plan.origin.id)")
      if dryRun { return try tell(plan, turn.record.name) }
      let origin = LineageOrigin(
        .rewind, checkpoint: plan.origin.id, skips: learnsAgain ? [] : plan.stretch,
        overrides: turn.pipeline.overriding(learningRate: learning.learningRate, clipGlobalNorm: learning.clipNorm),
        actor: decision.actor, reason: decision.reason ?? plan.because)
      try turn.tell(try await turn.begin(origin), format)
    }
  }

  private func tell(_ plan: RewindPlan, _ name: String) throws {
    let (count, list) = (plan.stretch.reduce(0) { $0 + $1.count }, plan.stretch.map(\.description))
    if format.json {
      return try Console.say(
        json: Plan(
          pipeline: name, checkpoint: plan.origin.id, step: plan.origin.step, because: plan.because,
          stretch: plan.stretch, isSkipped: !learnsAgain))
    }
    Console.say(
      "'\(name)' would go back to checkpoint \(plan.origin.id), step \(Wording.count(plan.origin.step)): \(plan.because)"
    )
    Console.say(
      "\(Wording.count(count, "offset")) would be \(learnsAgain ? "learned again" : "left out"): \(list.joined(separator: ", "))"
    )
  }
}

/// `0:1500,1:1498`
struct OffsetList: ArgumentValue {
  let offsets: [Int32: Int64]

  init?(argument: String) {
    var offsets: [Int32: Int64] = [:]
    for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let parts = word.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2, let partition = Int32(parts[0]), partition >= 0, let offset = Int64(parts[1]),
        offset >= 0,
        offsets.updateValue(offset, forKey: partition) == nil
      else { return nil }
    }
    self.offsets = offsets
  }

  static var expectation: String { "partitions with offsets, as 0:1500,1:1498" }
}
