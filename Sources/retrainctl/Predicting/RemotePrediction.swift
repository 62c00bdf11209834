import Foundation
import HTTP
import Pipelines
import Vocabulary

/// Asks a running server over the Open Inference Protocol.
struct RemotePrediction {
  private static let timeout = Duration.seconds(10)

  let server: ServerLocation
  /// nil: the one that the server has.
  let pipeline: String?

  private struct Request: Encodable {
    struct Input: Encodable {
      var name: String
      var datatype = "BYTES"
      var shape = [1]
      var data: [String]
    }
    struct Output: Encodable { var name: String }
    struct Parameters: Encodable { var notes = true }
    var parameters = Parameters()
    var inputs: [Input]
    var outputs: [Output]
  }

  private struct Answer: Decodable {
    struct Output: Decodable {
      var name: String
      var data: [Double]
    }
    struct Parameters: Decodable { var notes: [String]? }
    var modelVersion: String
    /// Nil: there is nothing to note, or the server is older.
    var parameters: Parameters?
    var outputs: [Output]

    private enum CodingKeys: String, CodingKey {
      case modelVersion = "model_version"
      case parameters, outputs
    }
  }

  /// What the server says of the model.
  private struct Model: Decodable {
    struct Tensor: Decodable {
      struct Parameters: Decodable { var labels: [String]? }
      var name: String
      var datatype: String
      var parameters: Parameters?
    }
    struct Parameters: Decodable {
      var recordInputs: [String]?
      private enum CodingKeys: String, CodingKey { case recordInputs = "record_inputs" }
    }
    var inputs: [Tensor]
    var outputs: [Tensor]
    var parameters: Parameters?

    /// The input for whole records, which must not be taken for a feature of that name.
    var recordInput: String? {
      if let names = parameters?.recordInputs { return names.first }
      return inputs.contains { $0.name == "record" } ? nil : "record"
    }
  }

  private struct Listed: Decodable { var name: String }
  private struct Refusal: Decodable { var error: String }

  func predict(_ record: String) async throws -> Prediction {
    let name = try pipeline ?? theOnlyModel()
    let model = try ask(Model.self, "/v2/models/\(name)")
    guard let input = model.recordInput else {
      throw CommandFailure(
        .unavailable, "the server is older and takes `record` for the feature of that name: use --local")
    }
    let numeric = model.outputs.filter { $0.datatype != "BYTES" }
    let request = Request(
      inputs: [.init(name: input, data: [record])], outputs: numeric.map { Request.Output(name: $0.name) })
    let answer = try ask(Answer.self, "/v2/models/\(name)/infer", body: Array(JSONEncoder().encode(request)))
    guard answer.outputs.count == numeric.count, !numeric.isEmpty, let version = Int64(answer.modelVersion) else {
      throw CommandFailure(.ourFault, "the server's answer is not understood")
    }
    return Prediction(
      pipeline: name, version: version,
      answers: zip(numeric, answer.outputs).map { told, output in
        Prediction.Head(
          name: output.name, outputs: output.data, classes: ClassNames(told.parameters?.labels ?? []))
      }, notes: answer.parameters?.notes ?? [], from: server.description)
  }

  private func theOnlyModel() throws -> String {
    let models = try ask([Listed].self, "/v2/repository/index", body: [])
    guard models.count == 1 else {
      throw CommandFailure(
        .usage, "\(server) has \(models.count) models: say which with --pipeline \(models.map(\.name))")
    }
    return models[0].name
  }

  /// - Parameter body: nil: asked with GET.
  private func ask<Value: Decodable>(_ type: Value.Type, _ path: String, body: [UInt8]? = nil) throws -> Value {
    var question = HTTPCall(url: server.description + path, body: body)
    question.trustFile = server.credentials.trustFile
    if let token = server.credentials.token { question.headers.append(("Authorization", "Bearer \(token)")) }
    let answer = try call(question)
    guard answer.status == 200 else {
      let reason =
        (try? JSONDecoder().decode(Refusal.self, from: Data(answer.body)))?.error ?? "status \(answer.status)"
      // The one record that was given, whatever the protocol calls it.
      for input in ["record", "$record"] {
        for place in ["input “\(input)”, row 0, ", "input “\(input)”, row 0: "] where reason.hasPrefix(place) {
          throw CommandFailure(.usage, "the record is rejected: \(reason.dropFirst(place.count))")
        }
      }
      let hint = answer.status == 401 || answer.status == 403 ? "; --token-file says where one is" : ""
      throw CommandFailure(answer.status < 500 ? .usage : .unavailable, "\(server) refuses: \(reason)\(hint)")
    }
    do { return try JSONDecoder().decode(type, from: Data(answer.body)) } catch {
      throw CommandFailure(.unavailable, "what answers at \(server) does not speak the Open Inference Protocol")
    }
  }

  /// - Throws: `CommandFailure` 69 where there is no answer to be had.
  private func call(_ call: HTTPCall) throws -> HTTPAnswer {
    do { return try call.answer(until: .after(Self.timeout)) } catch {
      let words =
        switch error.code {
        case .malformedURL, .malformedHeader: throw CommandFailure(.usage, "\(call.url) is no URL that can be asked")
        case .unknownHost: "the server's address \(server.address.host) is not known"
        case .unreachable: "the server at \(server.address) cannot be reached"
        case .untrusted:
          "the server at \(server.address) does not prove who it is (\(error.reason)): --ca-file names who is trusted"
        case .unanswered: "what listens at \(server.address) does not answer: is it the server?"
        case .answerTooLarge: "the answer of the server at \(server.address) is too large"
        case .notHTTP: "what answers at \(server.address) does not speak HTTP"
        }
      throw CommandFailure(.unavailable, words)
    }
  }
}
