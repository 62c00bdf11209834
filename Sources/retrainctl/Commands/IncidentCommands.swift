import Arguments
import Foundation
import Registry

struct IncidentsCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(name: "incidents", abstract: "List what went wrong, the newest first.")
  }

  @Option(valueName: "n", help: "At most so many.") var limit: Int = 20
  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  func mistakes() -> [String] { limit > 0 ? [] : ["--limit must be more than zero"] }

  func run() async throws {
    try await withRegistry(for: "incidents") { registry in
      let record = try await choice.record(in: registry)
      let incidents = try await registry.incidents(pipeline: record.id, limit: limit)
        .map(PipelineStatus.Incident.init)
      if format.json { return try Console.say(json: incidents) }
      if incidents.isEmpty { return Console.say("'\(record.name)' has no incident") }
      let table = TextTable(incidents: incidents, palette: .standardOutput, now: Date())
      for line in table.lines(palette: .standardOutput, indent: 0) { Console.say(line) }
    }
  }
}

struct IncidentCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "incident", abstract: "Look into one incident.",
      subcommands: [
        IncidentShowCommand.self, IncidentAcceptCommand.self, IncidentReproduceCommand.self,
        IncidentCulpritCommand.self,
      ])
  }
}

struct IncidentShowCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "show",
      abstract:
        "Explain one incident: what happened and where, what was done about it, whether it goes on, and what to do.")
  }

  @Argument(help: "The incident's number.") var id: Int64
  @OptionGroup var format: OutputFormat

  func run() async throws {
    try await withRegistry(for: "incident show") { registry in
      guard let incident = try await registry.incident(id) else {
        throw CommandFailure(.usage, "there is no incident \(id)")
      }
      if format.json { return try Console.say(json: incident) }
      let palette = Palette.standardOutput
      Console.say(palette.bold("incident \(incident.id)") + "  \(incident.severity.rawValue), \(incident.kind)")
      Console.say("opened   \(Wording.ago(incident.openedAt))")
      if let closed = incident.closedAt { Console.say("over     \(Wording.ago(closed))") }
      if let step = incident.step { Console.say("step     \(Wording.count(step))") }
      if let layer = incident.layer { Console.say("layer    \(layer)") }
      if let feature = incident.feature { Console.say("feature  \(feature)") }
      for position in incident.positions { Console.say("record   \(position)") }
      if incident.details != "{}" { Console.say("details  \(incident.details)") }
      Console.say()
      let pipeline = try await registry.pipeline(incident.pipeline)
      for sentence in IncidentStory(incident: incident, pipeline: pipeline?.name ?? "\(incident.pipeline)").sentences()
      {
        Console.say(sentence)
      }
    }
  }
}

struct IncidentAcceptCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "accept",
      abstract: "Say that a change of the stream is meant: what it has become is what later windows are held against.",
      discussion: """
        Of an open incident of feature_drift, unit_change, feature_constant, feature_gone or label_drift. It is over at once, \
        and written down as change_accepted, with who said so and why. Windows from the first that failed on are what the field \
        is held against then; until there are enough of them, it is not watched, and 'health' says for how long. Where nobody \
        accepts it, the incident is over when the field is again what it was before.
        """)
  }

  @Argument(help: "The incident's number.") var id: Int64
  @OptionGroup var decision: DecisionOptions
  @OptionGroup var format: OutputFormat

  func run() async throws {
    try await withRegistry(for: "incident accept") { registry in
      do {
        try await registry.acceptChange(id, by: decision.actor, reason: decision.reason ?? "")
      } catch let error as RegistryError where [.refused, .notFound].contains(error.code) {
        throw CommandFailure(.usage, error.message)
      }
      guard let incident = try await registry.incident(id) else {
        throw CommandFailure(.usage, "there is no incident \(id)")
      }
      if format.json { return try Console.say(json: incident) }
      Console.say("incident \(id) is over: windows from its first on are what later ones are held against")
    }
  }
}
