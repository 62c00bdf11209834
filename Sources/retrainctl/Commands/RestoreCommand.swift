import Arguments
import Pipelines
import Registry
import Vocabulary

struct RestoreCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "restore",
      abstract: "Have training go on from a version or checkpoint: model, optimiser, statistics, offsets.",
      discussion: """
        What was learned since is kept, and is nothing of the model any more. The version that serves goes on serving; \
        what is learned from here on is compared with it as always. A halt is over. Workers that run end and begin again \
        with it by themselves; where none does, the next 'start' goes on from it.

        --at own      goes on at the checkpoint's own offsets: the stream since is learned again
        --at present  goes on where training stands by its newest checkpoint: what lies between is left out

        What is left out is counted as skipped, and told by 'audit'. --learning-rate and --clip-norm hold for what is \
        learned from here on, until the file says something else than it says now. Every restore is written down: \
        'retrainctl incidents' lists them.
        """)
  }

  enum Offsets: String, CaseIterable, ArgumentValue { case own, present }

  @Option(name: "version", valueName: "n", help: "Go on from this version.") var number: VersionNumber?
  @Option(valueName: "id", help: "Go on from this checkpoint.") var checkpoint: Int64?
  @Option(help: "Where in the stream: own or present.") var at: Offsets = .own
  @OptionGroup var learning: LearningOptions
  @OptionGroup var decision: DecisionOptions
  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  func mistakes() -> [String] {
    ((number == nil) == (checkpoint == nil)
      ? ["say what to go on from: either --version N or --checkpoint ID"] : []) + learning.mistakes
  }

  func run() async throws {
    try await withRegistry(for: "restore") { registry in
      let turn = try LineageTurn(try await choice.record(in: registry), registry)
      let known = try await turn.checkpoint(checkpoint, version: number?.value)
      let isSame = try await turn.isSameTopic(known)
      if isSame != true, at == .own {
        throw CommandFailure(
          .usage,
          "checkpoint \(known.id) has learned from a topic \(isSame == nil ? "that nobody can tell from" : "other than") the "
            + "\(turn.pipeline.source.topic) of now: its offsets mean nothing there. '--at present' goes on where training "
            + "stands")
      }
      let origin = LineageOrigin(
        .restore, checkpoint: known.id, place: at == .own ? .own : .present,
        overrides: turn.pipeline.overriding(
          learningRate: learning.learningRate, clipGlobalNorm: learning.clipNorm),
        isSameTopic: isSame == true, actor: decision.actor, reason: decision.reason ?? "")
      try turn.tell(try await turn.begin(origin), format)
    }
  }
}
