import Arguments
import Registry

/// Which pipeline a command is about: by name, or the only one there is.
struct PipelineChoice: ArgumentGroup {
  @Option(short: "p", valueName: "name", help: "The pipeline's name; may be left out where there is only one.")
  var pipeline: String?

  func record(in registry: Registry) async throws -> PipelineRecord {
    try await registry.choosePipeline(named: pipeline)
  }
}

extension Registry {
  /// The pipeline of that name; without a name the only one.
  func choosePipeline(named name: String?) async throws -> PipelineRecord {
    if let name, let record = try await pipeline(named: name) { return record }
    let names = try await pipelines().map(\.name)
    if let name {
      throw CommandFailure(
        .usage,
        "there is no pipeline '\(name)'" + (names.isEmpty ? "" : "; there is: \(names.joined(separator: ", "))"))
    }
    guard let only = names.first else {
      throw CommandFailure(.unavailable, "there is no pipeline yet; 'retrainctl start FILE' registers one")
    }
    guard names.count == 1, let record = try await pipeline(named: only) else {
      throw CommandFailure(.usage, "there are several pipelines, say which: \(names.joined(separator: ", "))")
    }
    return record
  }
}
