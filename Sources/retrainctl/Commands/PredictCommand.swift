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
          retrainctl predict --server http://models.internal:8080 - < record.json

        With --server nothing but the server is asked, whatever machine this is; without, the one to ask is looked up in
        the database, under the address that it advertises. A server with serving.tokens wants one of them
        (--token-file), one with serving.tls is asked over TLS, and has to be trusted (--ca-file, for certificates that
        this machine does not know).
        """)
  }

  @Argument(help: "The record; without it, or with -, standard input.") var record: String?
  @Option(name: "version", valueName: "n", help: "With this version, computed here.") var number: VersionNumber?
  @Flag(help: "Compute here, even if a server runs.") var local: Bool
  @Option(valueName: "url", help: "Ask this server; no database is needed.") var server: String?
  @Option(valueName: "file", help: "A file with the token that the server asks for.") var tokenFile: String?
  @Option(valueName: "file", help: "Certificates, in PEM, that are trusted instead of this machine's.") var caFile:
    String?
  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  func run() async throws {
    if server != nil, local || number != nil {
      throw CommandFailure(.usage, "--server asks a server, --local and --version compute here: leave one out")
    }
    let text = try recordText()
    let credentials = try ServerCredentials(tokenFile: tokenFile, trustFile: caFile)
    let prediction: Prediction
    if let server {
      var location = try ServerLocation(url: server)
      location.credentials = credentials
      prediction = try await RemotePrediction(server: location, pipeline: choice.pipeline).predict(text)
    } else {
      prediction = try await withRegistry(for: "predict") { try await predict(text, credentials, $0) }
    }
    if format.json { return try Console.say(json: prediction) }
    for line in prediction.lines { Console.say(line) }
    for note in prediction.notes { Console.complain("note: \(note)") }
  }

  private func predict(_ text: String, _ credentials: ServerCredentials, _ registry: Registry) async throws
    -> Prediction
  {
    let pipeline = try await choice.record(in: registry)
    let servers = try await registry.servers(pipeline: pipeline.id, silence: .seconds(5)).filter { $0.version != nil }
    if local || number != nil || servers.isEmpty {
      return try await LocalPrediction(registry: registry, pipeline: pipeline, version: number?.value).predict(text)
    }
    let isSecure = PipelineFile.servesTLS(pipeline.specification)
    var failure: CommandFailure?
    for server in servers {
      // One that an older program registered as listening everywhere is reached here at most.
      let host = ["0.0.0.0", "::"].contains(server.address) ? "127.0.0.1" : server.address
      var location = ServerLocation(
        HostPort(host: host, port: UInt16(clamping: server.port)), scheme: isSecure ? "https" : "http")
      location.credentials = credentials
      do {
        return try await RemotePrediction(server: location, pipeline: pipeline.name).predict(text)
      } catch let error as CommandFailure where error.code == .unavailable {
        failure = failure ?? error
      }
    }
    let hint = "; --local computes here, --server asks elsewhere, 'server --advertise' says where one is reached"
    throw CommandFailure(.unavailable, (failure?.message ?? "no server answers") + hint)
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
