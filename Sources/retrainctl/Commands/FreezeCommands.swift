import Arguments
import Foundation
import Pipelines
import Registry
import Rollouts
import Vocabulary

struct FreezeCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "freeze", abstract: "Have no version promoted for a while.",
      discussion: """
        Candidates are compared as always, and wait. What serves is watched, and rolled back where it must be. It is an \
        incident as long as it lasts; another freeze takes its place. A person may promote with --despite-freeze.
        """)
  }

  @Option(valueName: "text", help: "Why, for whoever finds nothing promoted.") var reason: String
  @Option(valueName: "time", help: "When it is over by itself: in 30m, 2h or 3d, or at 2026-12-24T18:00:00Z.")
  var until: FreezeEnd?
  @Option(name: "by", valueName: "name", help: "Who decides; by default who is logged in.") var person: String?
  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  func run() async throws {
    let now = Date()
    let freeze: Freeze
    do {
      freeze = try Freeze(reason: reason, by: person ?? NSUserName(), since: now, until: until?.date(after: now))
    } catch { throw CommandFailure(.usage, error.reason) }
    try await withRegistry(for: "freeze") { registry in
      let record = try await choice.record(in: registry)
      try await registry.begin(freeze, pipeline: record.id)
      if format.json { return try Console.say(json: freeze) }
      Console.say("'\(record.name)': nothing is promoted, \(freeze.sentence)")
    }
  }
}

struct UnfreezeCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(name: "unfreeze", abstract: "Have versions promoted again.")
  }

  private struct Report: Encodable {
    var pipeline: String
    /// What held until now; nil: nothing did.
    var ended: Freeze?
  }

  @Option(name: "by", valueName: "name", help: "Who decides; by default who is logged in.") var person: String?
  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  func run() async throws {
    try await withRegistry(for: "unfreeze") { registry in
      let record = try await choice.record(in: registry)
      let ended = try await registry.endFreeze(pipeline: record.id, by: person ?? NSUserName())
      if format.json { return try Console.say(json: Report(pipeline: record.name, ended: ended)) }
      Console.say("'\(record.name)': " + (ended == nil ? "nothing was frozen" : "versions are promoted again"))
    }
  }
}

/// `2h` from now on, or a moment with its zone.
enum FreezeEnd: ArgumentValue {
  case after(Duration)
  case at(Date)

  init?(argument: String) {
    if let duration = DurationText.parse(argument), duration > .zero {
      self = .after(duration)
    } else if let date = try? Date(argument, strategy: .iso8601) {
      self = .at(date)
    } else {
      return nil
    }
  }

  static var expectation: String { "a duration, as 30m, 2h or 3d, or a time with its zone, as 2026-12-24T18:00:00Z" }

  func date(after now: Date) -> Date {
    switch self {
    case .after(let duration): now.addingTimeInterval(duration.seconds)
    case .at(let date): date
    }
  }
}
