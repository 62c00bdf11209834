import Foundation
import Learning
import Pipelines
import Server
import TestKit
import Testing
import Vocabulary

@Suite("A version under an edited file", .serialized)
struct VersionContractTests {
  private let service = ServiceTests()

  /// Four classes of carriers and delays, as they were learned.
  private let old = {
    var pipeline = samplePipeline(task: .multiclass)
    pipeline.schema.features[3].values = ["AA", "UA", "7"]
    return pipeline
  }()

  /// The same stream after people have edited the file: classes and values in another order, a feature more and one less.
  private var new: Pipeline {
    var pipeline = old
    pipeline.schema.label.classes.reverse()
    pipeline.schema.features[3].values.reverse()
    pipeline.schema.features[0].clip = 0...10
    pipeline.schema.features.remove(at: 2)
    pipeline.schema.features.append(FeatureSettings(name: "gate", path: "x.gate", type: .category))
    pipeline.model.hidden = [3]
    pipeline.serving.rowsMax = 7
    return pipeline
  }

  /// The reply and the description, as the version of `old` gives them under `today`.
  private func replies(under today: Pipeline) async throws -> (answer: String, description: String) {
    let source = FakeSource()
    source.promote(1, state: ServiceTests.state(old), contract: DataContract(old).text)
    var found = ("", "")
    try await service.withService(today, source) { port in
      #expect(try await service.eventually(port, "/v2/health/ready") { $0.status == 200 }.status == 200)
      let client = try #require(HTTPClient(port: port))
      let reply = try #require(client.post("/v2/models/flights/infer", ServiceTests.body))
      let columns = try #require(client.post("/v2/models/flights/infer", ServiceTests.columns))
      #expect(reply.status == 200 && columns.text == reply.text)
      found = (reply.text, try #require(client.get("/v2/models/flights")).text)
    }
    return found
  }

  @Test("answers with the same bits and the same names, and describes itself as it was")
  func sameBits() async throws {
    let (before, after) = (try await replies(under: old), try await replies(under: new))
    #expect(before.answer == after.answer)
    #expect(before.description == after.description)
    #expect(after.description.contains(#""labels":["early","punctual","late"]"#))
    #expect(!after.description.contains("gate"))
  }

  @Test("one without a contract is served as the file says, and one whose contract cannot be read is not")
  func others() async throws {
    let source = FakeSource()
    source.promote(1, state: ServiceTests.state(old))
    try await service.withService(old, source) { port in
      #expect(try await service.eventually(port, "/v2/health/ready") { $0.status == 200 }.status == 200)
      source.promote(2, state: ServiceTests.state(old), contract: "{\"contract\": 99}")
      // What is in place goes on.
      let reply = try await service.eventually(port, "/v2/models/flights") { $0.text.contains("\"2\"") == false }
      #expect(reply.text.contains("\"1\""))
    }
  }
}
