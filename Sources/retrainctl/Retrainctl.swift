import Arguments
import Foundation
import Tensors

/// The root of the command line.
struct Retrainctl: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "retrainctl", abstract: "Keep a model in production learning from a live stream, safely.",
      discussion: """
        Every service and every tool is this one program. 'start' brings up a whole pipeline on this machine; in a \
        cluster each container runs one role (controller, worker, server), and they find each other through PostgreSQL.

        With --json the answer is JSON on standard output; a failure is one line on standard error, \
        {"error":{"code":"unavailable","exitCode":69,"message":"..."}}, with the same exit code as without.

        Environment:
          RETRAIN_DATABASE_URL    a libpq URI; without it a private cluster under .retrain/
          RETRAIN_KAFKA_BROKERS   addresses; without it a broker of our own under .retrain/
          KAFKA_HOME              Apache Kafka's folder, for that broker; without it one in memory
          RETRAIN_HOME            where local data lies instead of .retrain/
        """,
      version: "retrainctl 0.1.0",
      subcommands: [
        StartCommand.self, StatusCommand.self, StopCommand.self, PauseCommand.self, ResumeCommand.self,
        InitCommand.self, ValidateCommand.self, ProfileCommand.self, VersionsCommand.self, VersionCommand.self,
        PromoteCommand.self,
        RollbackCommand.self, RejectCommand.self, RestoreCommand.self, RewindCommand.self, RetrainCommand.self,
        ForgetCommand.self, FreezeCommand.self, UnfreezeCommand.self,
        CheckpointsCommand.self, MemoryCommand.self, HealthCommand.self, IncidentsCommand.self, IncidentCommand.self,
        AlertsCommand.self,
        DeadLettersCommand.self, AuditCommand.self,
        PredictCommand.self, FeedCommand.self, DeleteCommand.self, MigrateCommand.self, DevCommand.self,
        ControllerCommand.self, WorkerCommand.self, ServerCommand.self, CompletionCommand.self,
      ])
  }
}

@main enum Program {
  static func main() async {
    // What we write is for our own eyes: logs, state, records.
    umask(0o077)
    let code = await run(Array(CommandLine.arguments.dropFirst()))
    // Not by way of `exit`: libraries' destructors would run beside threads that still close their connections.
    fflush(nil)
    _exit(code.rawValue)
  }

  /// A CPU level that cannot be had is told before work begins, not in the middle of it.
  private static func checkLevel() throws {
    guard let name = Environment.value(of: "RETRAIN_CPU_LEVEL"), !name.isEmpty else { return }
    guard (try? Kernels.named(name)) == nil else { return }
    let known = Kernels.available.map(\.level.rawValue).joined(separator: ", ")
    throw CommandFailure(.usage, "RETRAIN_CPU_LEVEL: '\(name)' is no CPU level of this machine, which has \(known)")
  }

  private static func run(_ words: [String]) async -> ExitCode {
    do {
      switch try CommandParser(Retrainctl.self).parse(words, columns: min(Terminal.columns(of: STDOUT_FILENO), 100)) {
      case .show(let text):
        Console.put(text)
      case .run(var command):
        try checkLevel()
        try await command.run()
      }
      return .ok
    } catch let error as UsageError {
      if OutputFormat.isAskedFor(in: words) {
        let message = String(error.description.trimmingPrefix("error: "))
        Console.complain(ErrorReport(CommandFailure(.usage, message)).json)
      } else {
        Console.complain(error.description, terminator: "")
      }
      return .usage
    } catch {
      let failure = CommandFailure(error)
      Console.complain(
        OutputFormat.isAskedFor(in: words) ? ErrorReport(failure, error).json : "retrainctl: \(failure.message)")
      return failure.code
    }
  }
}
