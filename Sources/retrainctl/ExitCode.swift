import Foundation
import HTTP
import Ingest
import Kafka
import Pipelines
import Postgres
import Registry
import Server
import Vocabulary
import Worker

/// How a process ends, after `sysexits.h`.
enum ExitCode: Int32, CaseIterable {
  case ok = 0
  case usage = 64
  case badPipeline = 65
  case unavailable = 69
  case ourFault = 70

  /// The name in JSON.
  var word: String {
    switch self {
    case .ok: "ok"
    case .usage: "usage"
    case .badPipeline: "bad_pipeline"
    case .unavailable: "unavailable"
    case .ourFault: "internal"
    }
  }

  var meaning: String {
    switch self {
    case .ok: "Done."
    case .usage: "The command line is wrong, or names something that does not exist."
    case .badPipeline: "The pipeline file has mistakes; all of them were told."
    case .unavailable: "Something needed is not there: the database, the broker, a server, a file."
    case .ourFault: "An error in retrainctl itself."
    }
  }
}

/// A command that cannot do what it was asked, and says why.
struct CommandFailure: Error, CustomStringConvertible {
  let code: ExitCode
  /// One sentence, or several lines where there are several mistakes.
  let message: String

  init(_ code: ExitCode, _ message: String) {
    self.code = code
    self.message = message
  }

  var description: String { message }

  /// What any error means for the exit code.
  init(_ error: any Error) {
    switch error {
    case let failure as CommandFailure: self = failure
    case let mistakes as PipelineMistakes: self.init(.badPipeline, mistakes.description)
    case let error as PostgresError: self.init(.unavailable, error.description)
    case let error as ServingRefusal: self.init(.badPipeline, error.description)
    case let error as HTTPError: self.init(.unavailable, error.description)
    case let error as KafkaError: self.init(.unavailable, error.description)
    case let error as WorkerError:
      if case .unknownPipeline = error {
        self.init(.usage, error.description)
      } else {
        self.init(.unavailable, error.description)
      }
    case let error as IngestError: self.init(.usage, error.description)
    case let error as RegistryError:
      self.init(
        error.isLockedOut ? .unavailable : Self.code(of: error),
        error.message + (error.cause.map { ": \($0.message)" } ?? ""))
    // A file that cannot be read or written: absent, not ours, or on a full disk.
    case let error as CocoaError:
      self.init(.unavailable, error.localizedDescription)
    default: self.init(.ourFault, "\(error)")
    }
  }

  private static func code(of error: RegistryError) -> ExitCode {
    switch error.code {
    case .unavailable, .fromTheFuture, .notMigrated, .migrationChanged, .damaged: .unavailable
    case .notFound, .conflict, .refused, .fenced: .usage
    case .failed: .ourFault
    }
  }
}
