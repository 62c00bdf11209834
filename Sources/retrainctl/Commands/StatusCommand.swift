import Arguments
import Foundation
import Registry

struct StatusCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "status", abstract: "Show how a pipeline does.",
      discussion: """
        Workers, step, rate and lag; measures test-then-train, over all records and over the last ones; what was \
        rejected and why; what happened to features; versions and the last decisions with their reasons; health a \
        layer; incidents. On a terminal as much as fits the window. With --json and --watch a line every second.
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
        var status = try await reader.read(ofLineage: true)
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
          let size = screen.size
          screen.draw(
            StatusPage(status, palette: .standardOutput).lines(columns: size.columns, rows: size.rows - 1))
        } else {
          // The prompt takes a line of the window too.
          let (columns, rows) = Terminal.size(orUnlimited: STDOUT_FILENO)
          let page = StatusPage(status, palette: .standardOutput)
          for line in page.lines(columns: columns, rows: rows - 1) { Console.say(line) }
        }
        guard watch else { return }
        try await Task.sleep(for: .milliseconds(format.json || !Terminal.isInteractive(STDOUT_FILENO) ? 1000 : 400))
      }
    }
  }
}
