import Arguments
import Evaluation
import Registry

struct CheckpointsCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "checkpoints", abstract: "List the checkpoints of a pipeline, the newest first.",
      discussion: "The state of older ones is dropped (checkpoint.keep); their numbers stay, for the audit.")
  }

  @Option(valueName: "n", help: "At most so many.") var limit: Int = 20
  @Option(valueName: "name", help: "Of a run beside the live one, as 'status' names it.") var run: String?
  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  func mistakes() -> [String] { limit > 0 ? [] : ["--limit must be more than zero"] }

  func run() async throws {
    try await withRegistry(for: "checkpoints") { registry in
      let record = try await choice.record(in: registry)
      let checkpoints = try await registry.checkpoints(
        pipeline: record.id, run: registry.run(named: run, of: record), limit: limit
      ).map(PipelineStatus.Checkpoint.init)
      if format.json { return try Console.say(json: checkpoints) }
      if checkpoints.isEmpty { return Console.say("'\(record.name)' has no checkpoint yet") }
      let quality = TextTable.quality(checkpoints.map(\.metrics))
      var table = TextTable(
        ">id", ">step", ">generation", ">lineage", ">contract", "final", ">bytes", ">records", ">loss",
        ">\(quality.title)", ">window loss", ">window \(quality.title)",
        "when")
      for checkpoint in checkpoints {
        table.add(
          String(checkpoint.id), Wording.count(checkpoint.step), String(checkpoint.generation),
          String(checkpoint.lineage), checkpoint.contract.map(String.init) ?? "–", checkpoint.isFinal ? "yes" : "",
          checkpoint.hasState ? Wording.count(checkpoint.stateBytes) : "pruned",
          Wording.count(checkpoint.metrics.records), Wording.compact(checkpoint.metrics.loss),
          quality.value(checkpoint.metrics), Wording.compact(checkpoint.window.loss),
          quality.value(checkpoint.window), Wording.ago(checkpoint.createdAt))
      }
      for line in table.lines(palette: .standardOutput, indent: 0) { Console.say(line) }
    }
  }
}
