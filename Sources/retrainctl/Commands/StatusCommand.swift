import Arguments
import Foundation

struct StatusCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "status", abstract: "Show how a pipeline does.",
      discussion: """
        Workers, step, rate and lag; loss and AUC test-then-train; versions and the last decisions with their \
        reasons; health a layer; what was rejected and why; incidents. With --json and --watch a line every second.
        """)
  }

  @OptionGroup var choice: PipelineChoice
  @Flag(short: "w", help: "Show it again and again until Ctrl-C.") var watch: Bool
  @OptionGroup var format: OutputFormat

  func run() async throws {
    try await withRegistry(for: "status") { registry in
      let name = try await choice.record(in: registry).name
      let reader = StatusReader(registry: registry, pipeline: name)
      let screen = LiveScreen()
      while true {
        var status = try await reader.read()
        // Whoever runs here and is not heard of has something between him and the database.
        if status.workers.isEmpty, status.desiredState == "running",
          let running = try RunRecord.running(name, in: House())
        {
          status.troubles.append(
            "'start' runs here as process \(running.processID), but none of its workers is heard of; the newest lines of "
              + "\(House().logs(name)) tell why")
        }
        if format.json {
          try Console.say(json: status)
        } else if watch, Terminal.isInteractive(STDOUT_FILENO) {
          screen.draw(StatusPage(status, palette: .standardOutput).lines())
        } else {
          let columns = Terminal.columns(orUnlimited: STDOUT_FILENO)
          for line in StatusPage(status, palette: .standardOutput).lines(columns: columns) { Console.say(line) }
        }
        guard watch else { return }
        try await Task.sleep(for: .milliseconds(format.json || !Terminal.isInteractive(STDOUT_FILENO) ? 1000 : 400))
      }
    }
  }
}
