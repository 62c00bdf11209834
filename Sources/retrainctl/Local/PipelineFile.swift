import Foundation
import Pipelines

/// A pipeline file, read and checked.
struct PipelineFile {
  let pipeline: Pipeline
  /// As it stands in the file, secrets unexpanded: what the registry keeps.
  let text: String

  /// - Throws: `PipelineMistakes` with all of them; a failure where the file cannot be read.
  init(path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandFailure(.usage, "the pipeline file \(path) cannot be read")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw CommandFailure(.badPipeline, "\(path):1:1: the file is not UTF-8 text")
    }
    try self.init(text: text, name: path)
  }

  /// - Parameter name: Stands before every mistake.
  init(text: String, name: String) throws {
    pipeline = try PipelineParser.parse(text: text, fileName: name, environment: Environment.value(of:))
    self.text = text
  }
}
