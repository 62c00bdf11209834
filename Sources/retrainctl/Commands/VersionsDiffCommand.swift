import Arguments
import Registry
import Vocabulary

struct VersionsDiffCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "diff", abstract: "Say in what two versions, lineages, runs or checkpoints differ.",
      discussion: """
        By which settings they were learned, what each has learned of the stream that the other has not, how far their weights are \
        apart, layer by layer, what was measured of each, what their frozen weights lost on the same records where they were asked \
        about these, and how their layers are.

          retrainctl versions diff v3 v7
          retrainctl versions diff lineage:0 lineage:2
          retrainctl versions diff v7 run:replay-1

        Where a state was pruned its weights cannot be compared, and the rest is told.
        """)
  }

  @Argument(help: "One of them: v7, lineage:2, run:replay-1 or checkpoint:41.") var one: ModelWord
  @Argument(help: "The other one.") var other: ModelWord
  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  func mistakes() -> [String] { one == other ? ["the two are one and the same: say two"] : [] }

  func run() async throws {
    try await withRegistry(for: "versions diff") { registry in
      let record = try await choice.record(in: registry)
      let difference = try await VersionsDiff(one, other, record, registry)
      if format.json { return try Console.say(json: difference) }
      for line in difference.lines(palette: .standardOutput) { Console.say(line) }
    }
  }
}
