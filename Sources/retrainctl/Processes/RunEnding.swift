/// Why a run ends.
enum RunEnding: Sendable, Hashable {
  /// The workers came to the end of the stream and stopped by themselves.
  case finished
  /// As finished, but so many offsets lie behind transactions that their producers have not ended.
  case waitsBehindTransactions(Int64)
  /// The workers ended without having been asked to, and not at the end of the stream.
  case workersStopped(logs: String)
  /// What `--until` waits for has happened.
  case reached(String)
  /// Ctrl-C or SIGTERM.
  case interrupted
  /// `retrainctl stop`.
  case stopped
  case halted(String)
  /// Another `start`, on another machine, has taken the pipeline while the database was away.
  case takenOver(String)
  /// It would have ended well, but not everything that was learned is in a checkpoint.
  case unsaved(String)
  /// A role cannot be kept running; its exit code.
  case roleFailed(role: String, code: Int32)

  var exitCode: ExitCode {
    switch self {
    case .finished, .waitsBehindTransactions, .reached, .interrupted, .stopped: .ok
    case .halted, .workersStopped, .takenOver, .unsaved: .unavailable
    case .roleFailed(_, let code): ExitCode(rawValue: code).flatMap { $0 == .ok ? nil : $0 } ?? .ourFault
    }
  }

  var sentence: String {
    switch self {
    case .finished: "every partition was read to its end"
    case .waitsBehindTransactions(let count):
      "every partition was read to the end of what is committed; \(Wording.count(count)) offsets wait behind an open "
        + "transaction of a producer, and are read once it commits or aborts (kafka-transactions.sh finds and ends it)"
    case .workersStopped(let logs): "the workers stopped by themselves; the logs in \(logs) tell why"
    case .reached(let what): what
    case .interrupted: "interrupted"
    case .stopped: "stopped by 'retrainctl stop'"
    case .halted(let reason): "the lineage was halted: \(reason)"
    case .takenOver(let other): "the pipeline is run by another now: \(other)"
    case .unsaved(let what): "ended without a final checkpoint: \(what)"
    case .roleFailed(let role, let code): "\(role) ended with \(code) and is not started again"
    }
  }
}
