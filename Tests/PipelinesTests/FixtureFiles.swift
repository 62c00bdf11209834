import Foundation
import Pipelines

/// The files that the tests read, beside this one's folder.
enum FixtureFiles {
  static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  static let folder = repository.appending(path: "Tests/Fixtures/Pipelines")

  /// Names of the files that must be refused, without `.bad.yaml`.
  static let bad: [String] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".bad.yaml") }.map { String($0.dropLast(".bad.yaml".count)) }.sorted()
  }()

  static func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: folder.appending(path: name)), as: UTF8.self)
  }

  /// A snapshot is written instead of compared when `RETRAIN_RECORD_SNAPSHOTS` is set.
  static let isRecording = ProcessInfo.processInfo.environment["RETRAIN_RECORD_SNAPSHOTS"] != nil
}

/// Parses with a small environment of its own.
func parsed(_ text: String, fileName: String = "pipeline.yaml") throws(PipelineMistakes) -> Pipeline {
  let variables = ["BROKERS": "kafka-1:9092", "KAFKA_PASSWORD": "hunter2", "SECRET": "s3cr3t"]
  return try PipelineParser.parse(text: text, fileName: fileName) { variables[$0] }
}

/// The report that `text` earns; empty when it is a pipeline.
func report(on text: String, fileName: String = "pipeline.yaml") -> String {
  do throws(PipelineMistakes) {
    _ = try parsed(text, fileName: fileName)
    return ""
  } catch {
    return error.description + "\n"
  }
}

/// The smallest pipeline, with lines put into its sections.
func minimal(source: String = "", schema: String = "", features: String = "", rest: String = "") -> String {
  """
  name: small
  source:
    topic: events
  \(source)
  schema:
    label: { path: y }
  \(schema)
    features:
      - { name: a, type: float }
  \(features)
  model:
    task: binary
  \(rest)
  """
}
