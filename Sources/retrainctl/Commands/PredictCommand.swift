import Arguments
import Foundation
import Pipelines
import Registry
import Vocabulary

struct PredictCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "predict", abstract: "Predict one record with the stable version.",
      discussion: """
        Asks a running server; where none runs, computes here with the same bits. The record is JSON, as in the stream.

          retrainctl predict '{"x":{"carrier":"UA","origin":"EWR","sched_dep_min":1080}}'
        """)
  }

  @Argument(help: "The record; without it, or with -, standard input.") var record: String?
  @Option(name: "version", valueName: "n", help: "With this version, computed here.") var number: VersionNumber?
  @Flag(help: "Compute here, even if a server runs.") var local: Bool
  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  func run() async throws {
    let text = try recordText()
    try await withRegistry(for: "predict") { registry in
      let pipeline = try await choice.record(in: registry)
      let servers = try await registry.servers(pipeline: pipeline.id, silence: .seconds(5))
      let prediction: Prediction
      if !local, number == nil, let server = servers.first(where: { $0.version != nil }) {
        prediction = try await RemotePrediction(server, pipeline: pipeline.name).predict(text)
      } else {
        prediction = try await LocalPrediction(registry: registry, pipeline: pipeline, version: number?.value)
          .predict(text)
      }
      if format.json { return try Console.say(json: prediction) }
      func figures(_ outputs: [Double]) -> String {
        outputs.map { Wording.figure($0, decimals: 6) }.joined(separator: ", ")
      }
      Console.say(
        "\(prediction.output) \(figures(prediction.outputs))  (v\(prediction.version), \(prediction.from))")
      for head in prediction.heads ?? [] { Console.say("\(head.name) \(figures(head.outputs))") }
    }
  }

  private func recordText() throws -> String {
    if let record, record != "-" { return record }
    let data = try FileHandle.standardInput.readToEnd() ?? Data()
    guard let text = String(validating: data, as: UTF8.self) else {
      throw CommandFailure(.usage, "the record on standard input is not UTF-8")
    }
    return text
  }
}
