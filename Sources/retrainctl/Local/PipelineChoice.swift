import Arguments
import Foundation
import Pipelines
import Registry
import Vocabulary

/// Which pipeline a command is about: by name, by its file, or the only one there is.
struct PipelineChoice: ArgumentGroup {
  @Option(
    short: "p", valueName: "name or file",
    help: "The pipeline, by name or file; may be left out where there is only one.",
    completion: .file(["yaml", "yml"]), isAlsoBare: true)
  var pipeline: String?

  func record(in registry: Registry) async throws -> PipelineRecord {
    try await registry.choosePipeline(named: pipeline)
  }
}

extension CommandFailure {
  /// A word that is neither the name of a pipeline nor a file.
  ///
  /// - Parameter names: Nil: there is no database to look into.
  static func noPipeline(_ name: String, among names: [String]?) -> CommandFailure {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: ".")) ?? []
    let file = nearest(to: name, among: files.filter { $0.contains(".") })
    let what =
      name.contains(".")
      ? "there is no file '\(name)', and no pipeline of that name" : "there is no pipeline '\(name)'"
    var known = ", as there is no database yet; a file's name ends in .yaml or has a /"
    if let names {
      known =
        names.isEmpty ? "; 'retrainctl start FILE' registers one" : "; there is: \(names.joined(separator: ", "))"
    }
    let near = names.flatMap { nearest(to: name, among: $0) }.map { "'\($0)'" } ?? file.map { "the file \($0)" }
    return CommandFailure(.usage, what + known + (near.map { "; did you mean \($0)?" } ?? ""))
  }
}

extension Registry {
  /// The run of a name; without one the live run.
  func run(named name: String?, of record: PipelineRecord) async throws -> RunID {
    guard let name else { return .live }
    let runs = try await runs(pipeline: record.id)
    if let known = runs.first(where: { $0.name == name }) { return known.run }
    throw CommandFailure(
      .usage, "'\(record.name)' has no run '\(name)'; there is: \(runs.map(\.name).joined(separator: ", "))")
  }

  /// The pipeline of that name, or the one that the file of that name describes; without a name the only one.
  func choosePipeline(named word: String?) async throws -> PipelineRecord {
    let name = try word.map { try PipelineFile.name(from: $0) }
    if let name, let record = try await pipeline(named: name) { return record }
    let names = try await pipelines().map(\.name)
    if let name { throw CommandFailure.noPipeline(name, among: names) }
    guard let only = names.first else {
      throw CommandFailure(.unavailable, "there is no pipeline yet; 'retrainctl start FILE' registers one")
    }
    guard names.count == 1, let record = try await pipeline(named: only) else {
      throw CommandFailure(.usage, "there are several pipelines, say which: \(names.joined(separator: ", "))")
    }
    return record
  }
}
