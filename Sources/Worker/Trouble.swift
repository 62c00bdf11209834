import Kafka
import Learning
import Postgres
import Registry

/// What an error beside the step loop means: in words, and whether a person must act.
package struct Trouble: Sendable, Equatable {
  /// The incident's kind, as in `database_disk_full`.
  package let kind: String
  /// One sentence that goes after “… because”.
  package let sentence: String
  /// Whether it stays until somebody does something; what may pass by itself is an incident only once it has lasted.
  package let needsPerson: Bool
  /// What else the incident says, by name.
  package let details: [String: String]
  /// What happened once, and is an incident of its own whatever else of its kind goes on, whoever tells of it; nil: one of its kind.
  package let key: String?

  package init(
    _ kind: String, _ sentence: String, needsPerson: Bool = true, details: [String: String] = [:], key: String? = nil
  ) {
    self.kind = kind
    self.key = key
    self.sentence = sentence
    self.needsPerson = needsPerson
    self.details = details
  }

  init(_ error: any Error) {
    switch error {
    case let error as RegistryError: self.init(error)
    case let error as KafkaError: self.init(error)
    case let error as LearningError: self.init("version_unusable", error.description)
    case let error as WorkerError: self.init("worker", error.description)
    default: self.init("unexpected", "of an error nobody expected: \(error)")
    }
  }

  private init(_ error: RegistryError) {
    let text = error.message + (error.cause.map { ": \($0.message)" } ?? "")
    if let condition = error.cause?.condition {
      switch condition {
      case .diskFull: self.init("database_disk_full", text)
      case .memoryFull: self.init("database_memory_full", text)
      case .tooManyConnections: self.init("database_connections", text)
      case .readOnly: self.init("database_read_only", text)
      case .starting: self.init("database_unreachable", text, needsPerson: false)
      }
      return
    }
    switch error.code {
    case .unavailable: self.init("database_unreachable", text, needsPerson: false)
    case _ where error.isLockedOut: self.init("database_refuses", text)
    case .damaged: self.init("database_damaged", text)
    case .notMigrated, .fromTheFuture, .migrationChanged: self.init("database_layout", text)
    case .fenced, .conflict, .notFound: self.init("registry_\(error.code.rawValue)", text, needsPerson: false)
    case .refused, .failed: self.init("database_statement", text)
    }
  }

  private init(_ error: KafkaError) {
    let text = error.description
    switch error.code {
    case .authentication, .authorization: self.init("broker_refuses", text)
    case .unknownTopic: self.init("topic_missing", text)
    case .unreachable, .timedOut, .queueFull: self.init("broker_unreachable", text, needsPerson: false)
    default: self.init("broker", text, needsPerson: !error.isRetryable)
    }
  }

  /// Whether the database does not answer at all: whoever asks it for something else now waits for nothing.
  var isAbsence: Bool { kind == "database_unreachable" }
}
