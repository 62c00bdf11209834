import Arguments
import Registry
import Vocabulary

/// A model as a person names it: a version, or what a lineage or a run has come to, or a checkpoint.
enum ModelWord: ArgumentValue, Hashable {
  case version(Int64)
  case lineage(Int)
  case run(String)
  case checkpoint(Int64)

  init?(argument: String) {
    if let number = VersionNumber(argument: argument) {
      self = .version(number.value)
      return
    }
    let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts[1].isEmpty else { return nil }
    switch (parts[0], Int64(parts[1])) {
    case ("lineage", let number?) where (0...Int64(Int32.max)).contains(number): self = .lineage(Int(number))
    case ("checkpoint", let number?) where number > 0: self = .checkpoint(number)
    case ("run", _): self = .run(parts[1])
    default: return nil
    }
  }

  static var expectation: String {
    "a version as v7, a lineage's newest checkpoint as lineage:2, a run's as run:replay-1, or a checkpoint as checkpoint:41"
  }

  /// The checkpoint that it means, and the version that stands on it.
  ///
  /// - Throws: `CommandFailure` where there is none, with what there is.
  func find(_ record: PipelineRecord, _ registry: Registry) async throws -> (VersionRecord?, CheckpointRecord) {
    var (version, id): (VersionRecord?, Int64?) = (nil, nil)
    let words: String
    switch self {
    case .version(let number):
      version = try await registry.version(number, pipeline: record.id)
      (words, id) = ("version \(number)", version?.checkpoint)
      if version == nil {
        let newest = try await registry.newestVersion(pipeline: record.id)?.number
        throw CommandFailure(
          .usage,
          "'\(record.name)' has no version \(number)"
            + (newest.map { ": they go from 1 to \($0), and 'retrainctl versions --all' lists them" }
              ?? ", nor any other"))
      }
    case .lineage(let number):
      words = "lineage \(number)"
      let run = try await registry.lineage(number, pipeline: record.id)?.run ?? .live
      id = try await registry.newestCheckpoint(pipeline: record.id, run: run, lineage: number, atOrAfter: 0)
    case .run(let name):
      words = "the run '\(name)'"
      let run = try await registry.run(named: name == "live" ? nil : name, of: record)
      id = try await registry.newestCheckpoint(pipeline: record.id, run: run)?.id
    case .checkpoint(let number): (words, id) = ("checkpoint \(number)", number)
    }
    guard let id, let checkpoint = try await registry.checkpoint(id), checkpoint.pipeline == record.id else {
      throw CommandFailure(
        .usage, "\(words) of '\(record.name)' has no checkpoint; 'retrainctl checkpoints' lists what there is")
    }
    return (version, checkpoint)
  }
}
