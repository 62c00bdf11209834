public import Arguments
import Pipelines
import Server
import Telemetry
public import Vocabulary

struct ServerCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "server", abstract: "Run a prediction server of one or more registered pipelines (a role).",
      discussion: """
        Open Inference Protocol v2 over HTTP, a status page and /metrics; any number of them may run.

        It is registered under the address it listens on, or, where that is 0.0.0.0 or ::, under this machine's own;
        --advertise says another, such as that of a service in front of it. After a signal it is not ready any more,
        goes on answering while somebody asks, and then ends.

        With several pipelines (-p a -p b) each is a model with versions of its own, at one address. The first says where
        that is; who is let in (serving.tls, tokens, open) all must say alike.
        """)
  }

  @Option(
    short: "p", valueName: "name or file",
    help: "A pipeline, by its name in the registry or by its file; may be repeated.",
    completion: .file(["yaml", "yml"])) var pipeline: [String]
  @Option(help: "How much is logged, to standard error.") var logLevel: LogLevel = .info
  @Option(help: "How a log line looks.") var logFormat: LogFormat = .text
  @Flag(help: "Stop when standard input ends, as it does when the supervisor is gone.") var supervised: Bool
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
    guard let first = pipeline.first else { throw CommandFailure(.usage, "--pipeline says of which pipeline it is") }
    let run = RoleRun(
      "server", pipeline: pipeline.joined(separator: ","), isSupervised: supervised, logLevel: logLevel,
      logFormat: logFormat)
    try await run.withDatabase { database in
      var pipelines: [Pipeline] = []
      for name in [first] + pipeline.dropFirst() {
        let found = try await run.pipelineFile(database.location, named: name).pipeline
        guard !pipelines.contains(where: { $0.name == found.name }) else {
          throw CommandFailure(.usage, "--pipeline names \(found.name) twice")
        }
        pipelines.append(found)
      }
      let service = ServerService(
        pipelines: pipelines, database: database.location, logger: run.logger, serverID: run.processName,
        doors: ServerDoors(
          listen: listen, advertise: advertise, observation: metricsListen,
          drain: .seconds(drain ?? (supervised ? 0 : 5))))
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
