import Foundation
import Registry
import Vocabulary

/// Asks a running server over the Open Inference Protocol.
struct RemotePrediction {
  private let address: String
  private let port: Int
  private let pipeline: String

  init(_ server: ServerRecord, pipeline: String) {
    // One that listens everywhere is reached here.
    address = ["0.0.0.0", "::"].contains(server.address) ? "127.0.0.1" : server.address
    port = server.port
    self.pipeline = pipeline
  }

  private struct Request: Encodable {
    struct Input: Encodable {
      var name = "record"
      var datatype = "BYTES"
      var shape = [1]
      var data: [String]
    }
    var inputs: [Input]
  }

  private struct Answer: Decodable {
    struct Output: Decodable {
      var name: String
      var data: [Double]
    }
    var modelVersion: String
    var outputs: [Output]

    private enum CodingKeys: String, CodingKey {
      case modelVersion = "model_version"
      case outputs
    }
  }

  private struct Refusal: Decodable { var error: String }

  func predict(_ record: String) async throws -> Prediction {
    let body = try JSONEncoder().encode(Request(inputs: [.init(data: [record])]))
    let (status, answer) = try HTTPExchange.post(
      address: address, port: port, path: "/v2/models/\(pipeline)/infer", body: Array(body), timeout: .seconds(10))
    guard status == 200 else {
      let reason = (try? JSONDecoder().decode(Refusal.self, from: Data(answer)))?.error ?? "status \(status)"
      throw CommandFailure(status < 500 ? .usage : .unavailable, "the server refuses: \(reason)")
    }
    guard let decoded = try? JSONDecoder().decode(Answer.self, from: Data(answer)),
      !decoded.outputs.isEmpty, let version = Int64(decoded.modelVersion)
    else { throw CommandFailure(.ourFault, "the server's answer is not understood") }
    return Prediction(
      pipeline: pipeline, version: version,
      answers: decoded.outputs.map { Prediction.Head(name: $0.name, outputs: $0.data) },
      from: "http://\(address):\(port)")
  }
}
