import Arguments
import Registry
import Vocabulary

struct IncidentReproduceCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "reproduce", abstract: "Show an incident happen again: where, layer by layer, numbers go bad.",
      discussion: """
        Loads the newest checkpoint that is kept from before the incident, reads the records that it names again, from the \
        log or from the dead-letter topic, and sends each alone through the model, forward and back: what every input, \
        layer, loss and gradient comes to, and the first that is not finite. Where a record is finite with that state, or with \
        --replay, the steps between are made again first, if the ledger has them. The values of features are shown, not whole records.

        Of a rule of health, it shows what the rule saw in its window. Nothing is changed, in the database or in the topics; it \
        works while the pipeline runs and after.
        """)
  }

  @Argument(help: "The incident's number.") var id: Int64
  @Option(valueName: "id", help: "With the state of this checkpoint.") var checkpoint: Int64?
  @Flag(help: "Make the steps between again in any case, to show the very state.") var replay: Bool
  @Option(valueName: "n", help: "At most so many records.") var limit: Int = 100
  @Option(valueName: "n", help: "Make at most so many steps again.") var steps: Int64 = 10_000
  @Option(valueName: "s", help: "Take at most so long, in seconds.") var seconds: Int = 120
  @OptionGroup var format: OutputFormat

  func mistakes() -> [String] {
    var found: [String] = []
    if !(1...10_000).contains(limit) { found.append("--limit must be 1 to 10000") }
    if !(0...1_000_000).contains(steps) { found.append("--steps must be 0 to 1000000") }
    if !(1...3600).contains(seconds) { found.append("--seconds must be 1 to 3600") }
    return found
  }

  func run() async throws {
    try await withRegistry(for: "incident reproduce") { registry in
      guard let incident = try await registry.incident(id), let record = try await registry.pipeline(incident.pipeline)
      else { throw CommandFailure(.usage, "there is no incident \(id)") }
      let palette = Palette.standardOutput
      if let rule = try await RuleReproduction(incident, of: record, in: registry) {
        if format.json { return try Console.say(json: rule) }
        say(incident, palette)
        for line in rule.lines(palette: palette) { Console.say(line) }
        return
      }
      guard incident.kind == "non_finite" else {
        throw CommandFailure(
          .usage,
          "incident \(id) is '\(incident.kind)', where there is nothing to compute again; 'retrainctl incident show \(id)' says "
            + "what is known of it")
      }
      let reproduction = try await IncidentReproduction(
        registry: registry, incident: incident, record: record, wanted: checkpoint, replays: replay, limit: limit,
        stepsMax: steps,
        deadline: .after(.seconds(seconds))
      ).run()
      if format.json { return try Console.say(json: reproduction) }
      say(incident, palette)
      for line in reproduction.lines(palette: palette) { Console.say(line) }
    }
  }

  private func say(_ incident: IncidentRecord, _ palette: Palette) {
    Console.say(palette.bold("incident \(incident.id)") + "  \(incident.severity.rawValue), \(incident.kind)")
  }
}
