import Arguments
import Foundation
import Registry
import Vocabulary

struct PauseCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "pause", abstract: "Have the workers stop learning; servers go on answering.",
      discussion: "The workers stay, and keep their state in memory; 'resume' lets them go on where they are.")
  }

  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  func run() async throws { try await steer(choice, to: .paused, format, "pauses after the step in hand") }
}

struct ResumeCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(name: "resume", abstract: "Let paused workers go on.")
  }

  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  func run() async throws { try await steer(choice, to: .running, format, "goes on") }
}

private func steer(
  _ choice: PipelineChoice, to state: DesiredState, _ format: OutputFormat, _ sentence: String
) async throws {
  try await withRegistry(for: state.rawValue) { registry in
    let record = try await choice.record(in: registry)
    if record.desiredState == .stopped {
      throw CommandFailure(.usage, "'\(record.name)' is stopped; 'retrainctl start' runs it again")
    }
    try await registry.setDesiredState(state, pipeline: record.id)
    if format.json { return try Console.say(json: ["pipeline": record.name, "desiredState": state.rawValue]) }
    Console.say("'\(record.name)' \(sentence)")
  }
}

struct StopCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "stop", abstract: "Stop a pipeline with a final checkpoint, and wait until it has stopped.",
      discussion: "Wherever its workers run. A 'start' on this machine ends too, with all that it started.")
  }

  @OptionGroup var choice: PipelineChoice
  @Option(valueName: "seconds", help: "Give up waiting after so long.") var timeout: Double = 120
  @OptionGroup var format: OutputFormat

  func mistakes() -> [String] { timeout > 0 ? [] : ["--timeout must be more than zero"] }

  func run() async throws {
    let house = House()
    try await withRegistry(for: "stop") { registry in
      let record = try await choice.record(in: registry)
      let wasRunning = try await isRunning(record, registry, house)
      try await registry.setDesiredState(.stopped, pipeline: record.id)
      let deadline = Deadline.after(.seconds(timeout))
      while try await isRunning(record, registry, house) {
        guard !deadline.hasPassed else {
          throw CommandFailure(.unavailable, "'\(record.name)' has not stopped within \(Wording.span(timeout))")
        }
        try await Task.sleep(for: .milliseconds(200))
      }
      if format.json {
        return try Console.say(json: ["pipeline": record.name, "outcome": wasRunning ? "stopped" : "was_not_running"])
      }
      Console.say("'\(record.name)' \(wasRunning ? "has stopped" : "was not running")")
    }
  }

  private func isRunning(_ record: PipelineRecord, _ registry: Registry, _ house: House) async throws -> Bool {
    if try RunRecord.running(record.name, in: house) != nil { return true }
    return try await !registry.members(pipeline: record.id, silence: .seconds(5)).isEmpty
  }
}
