import Arguments
import Evaluation
import Foundation
import Registry
import Vocabulary

struct IncidentCulpritCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "culprit", abstract: "Find the records, or the stretch, whose learning did a model harm.",
      discussion: """
        Of an incident, or of a pipeline with --window. The steps of the window are made again from the newest checkpoint before \
        it, with looks at the model on the way; harm is by how much it is worse on records that follow the window. Where it rises, bisecting \
        replays find the first record whose learning does it, and the last one without which it is gone: at most 2·log₂ n + 2 passes over n \
        records. A rise that is not six times what the measure moves and errs by, or not four times what it rises elsewhere in the window, is not \
        called harm.

        The verdict: input, the records did it; persistent, others in their place do it too (look at rates and clipping); \
        transient, the harm does not come again or did not last; earlier, the model was as bad when the window began. Nothing is changed. It \
        needs the ledger (training.ledger) and the records in the topic.
        """)
  }

  @Argument(help: "The incident's number; or a pipeline, by name or file, with --window.") var subject: String
  @Option(
    valueName: "a..b",
    help:
      "Steps, as 1200..1400, or times of checkpoints, as 2026-03-01T10:00..2026-03-01T10:20. By default what led to the incident."
  )
  var window: String?
  @Option(
    valueName: "what",
    help:
      "loss; feature:NAME, what it costs that answers heed the feature; slice:FEATURE=VALUE, the loss on these records alone."
  )
  var measure: String = "loss"
  @Option(valueName: "n", help: "Records behind the window that are held out, at most.") var heldOut: Int = 4096
  @Option(valueName: "s", help: "Take at most so long, in seconds.") var seconds: Int = 1800
  @OptionGroup var format: OutputFormat

  func mistakes() -> [String] {
    var found: [String] = []
    if Int64(subject) == nil, window == nil {
      found.append("of a pipeline --window says which steps, as --window 1200..1400")
    }
    if let window, CulpritWindow(window) == nil {
      found.append(
        "--window '\(window)' is neither steps, as 1200..1400, nor times, as 2026-03-01T10:00..2026-03-01T10:20")
    }
    if CulpritMeasure(measure) == nil {
      found.append("--measure is loss, feature:NAME or slice:FEATURE=VALUE, not '\(measure)'")
    }
    if !(200...65_536).contains(heldOut) { found.append("--held-out must be 200 to 65536") }
    if !(1...864_000).contains(seconds) { found.append("--seconds must be 1 to 864000") }
    return found
  }

  func run() async throws {
    guard let measure = CulpritMeasure(measure) else { return }
    try await withRegistry(for: "incident culprit") { registry in
      let (record, incident) = try await named(registry)
      let hunt = CulpritHunt(
        registry: registry, record: record, incident: incident, window: window.flatMap { CulpritWindow($0) },
        measure: measure, heldOutMax: heldOut, deadline: .after(.seconds(seconds)))
      let report = try await hunt.run()
      if format.json { return try Console.say(json: report) }
      for line in report.lines(palette: .standardOutput) { Console.say(line) }
    }
  }

  private func named(_ registry: Registry) async throws -> (PipelineRecord, IncidentRecord?) {
    guard let id = Int64(subject) else { return (try await registry.choosePipeline(named: subject), nil) }
    guard let incident = try await registry.incident(id), let record = try await registry.pipeline(incident.pipeline)
    else { throw CommandFailure(.usage, "there is no incident \(id)") }
    return (record, incident)
  }
}
