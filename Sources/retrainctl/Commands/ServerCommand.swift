public import Arguments
import Pipelines
import Server
public import Vocabulary

struct ServerCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "server", abstract: "Run a prediction server of a registered pipeline (a role).",
      discussion: """
        Open Inference Protocol v2 over HTTP, a status page and /metrics; any number of them may run.

        It is registered under the address it listens on, or, where that is 0.0.0.0 or ::, under this machine's own;
        --advertise says another, such as that of a service in front of it. After a signal it is not ready any more,
        goes on answering while somebody asks, and then ends.
        """)
  }

  @OptionGroup var role: RoleOptions
  @Option(valueName: "host:port", help: "Where it listens instead of the pipeline's serving; port 0 is any free one.")
  var listen: HostPort?
  @Option(valueName: "host:port", help: "Where others reach it; port 0 is the one it listens on.")
  var advertise: HostPort?
  @Option(valueName: "host:port", help: "Health, /metrics and status on a second address too.")
  var metricsListen: HostPort?
  @Option(valueName: "seconds", help: "How long it goes on answering after a signal, at most; 5 unless supervised.")
  var drain: Double?

  func run() async throws {
    if let drain, !(0...3600).contains(drain) {
      throw CommandFailure(.usage, "--drain takes 0 to 3600 seconds, not \(drain)")
    }
    let run = RoleRun("server", role)
    try await run.withDatabase { database in
      let pipeline = try await run.pipelineFile(database.location).pipeline
      let service = ServerService(
        pipelineName: pipeline.name, pipeline: pipeline, database: database.location, logger: run.logger,
        serverID: run.processName,
        doors: ServerDoors(
          listen: listen, advertise: advertise, observation: metricsListen,
          drain: .seconds(drain ?? (role.supervised ? 0 : 5))))
      let signals = run.stopping { service.requestStop() }
      defer { signals.cancel() }
      try await service.run()
    }
  }
}

extension HostPort: ArgumentValue {
  public init?(argument: String) { self.init(argument) }
  public static var expectation: String { "host:port, such as 10.0.0.1:8080 or [::1]:8080" }
}
