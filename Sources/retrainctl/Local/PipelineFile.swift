import Foundation
import Kafka
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
    try refuseUnknownProperties(name: name)
  }

  /// What librdkafka does not know, or not with that value, is a mistake of the file, not of the broker.
  private func refuseUnknownProperties(name: String) throws {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    var mistakes: [String] = []
    for (property, value) in pipeline.source.librdkafka.sorted(by: { $0.key < $1.key }) {
      let alone = KafkaConfiguration(brokers: "", properties: [property: value])
      guard let mistake = alone.mistakes().first else { continue }
      let line = lines.firstIndex { $0.contains(property) }
      let column = line.flatMap { lines[$0].range(of: property) }.map { range in
        lines[line ?? 0].distance(from: lines[line ?? 0].startIndex, to: range.lowerBound)
      }
      mistakes.append(
        "\(name):\((line ?? 0) + 1):\((column ?? 0) + 1): source.librdkafka: \(mistake.reason) — librdkafka's "
          + "CONFIGURATION.md lists what there is")
    }
    if !mistakes.isEmpty { throw CommandFailure(.badPipeline, mistakes.joined(separator: "\n")) }
  }
}
