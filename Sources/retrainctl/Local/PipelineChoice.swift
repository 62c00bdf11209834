import Arguments
import Foundation
import Pipelines
import Registry

/// Which pipeline a command is about: by name, by its file, or the only one there is.
struct PipelineChoice: ArgumentGroup {
  @Option(
    short: "p", valueName: "name or file",
    help: "The pipeline, by name or file; may be left out where there is only one.",
    completion: .file(["yaml", "yml"]))
  var pipeline: String?

  func record(in registry: Registry) async throws -> PipelineRecord {
    try await registry.choosePipeline(named: pipeline)
  }
}

extension Registry {
  /// The pipeline of that name, or the one that the file of that name describes; without a name the only one.
  func choosePipeline(named word: String?) async throws -> PipelineRecord {
    let name = try word.map { try PipelineFile.name(from: $0) }
    if let name, let record = try await pipeline(named: name) { return record }
    let names = try await pipelines().map(\.name)
    if let name {
      let near = nearest(to: name, among: names).map { "; did you mean '\($0)'?" } ?? ""
      throw CommandFailure(
        .usage,
        "there is no pipeline '\(name)'"
          + (names.isEmpty ? "; 'retrainctl start FILE' registers one" : "; there is: \(names.joined(separator: ", "))")
          + near)
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
