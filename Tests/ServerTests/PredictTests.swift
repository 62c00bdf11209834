import Foundation
import HTTP
import Learning
import Pipelines
import Server
import Tensors
import TestKit
import Testing

@Suite("Plain records, answered in plain words")
struct PredictTests {
  private static let record = #"{"x":{"speed":50,"weight":2,"night":true,"carrier":"AA"}}"#

  private func ask(_ desk: Desk, _ body: String, explains: Bool = false) -> HTTPResponse {
    Array("/predict".utf8).withUnsafeBytes { path in
      Array(body.utf8).withUnsafeBytes { body in
        func question(isDeferred: Bool) -> ServerQuestion {
          ServerQuestion(method: .post, path: path, body: body, explains: explains, isDeferred: isDeferred)
        }
        let quick = desk.answering.answer(question(isDeferred: false))
        guard case .later = quick.content else { return quick }
        return desk.answering.answer(question(isDeferred: true))
      }
    }
  }

  @Test("a record is answered in the words of the pipeline file")
  func tasks() {
    let desk = Desk()
    desk.put(3, samplePipeline(), EchoScorer(answer: 0.75))
    #expect(
      ask(desk, Self.record).text == #"{"prediction":{"probability":0.75},"version":3,"canary":false}"#)
    var named = samplePipeline()
    named.schema.label.classes = ["on time", "late"]
    let binary = Desk(named)
    binary.put(3, named, EchoScorer(answer: 0.75))
    #expect(
      ask(binary, Self.record).text
        == #"{"prediction":{"label":"late","probabilities":{"on time":0.25,"late":0.75}},"version":3,"canary":false}"#)
    let classes = samplePipeline(task: .multiclass)
    let several = Desk(classes)
    several.put(3, classes, FixedScorer([0.25, 0.5, 0.25]))
    #expect(
      ask(several, Self.record).text.hasPrefix(
        #"{"prediction":{"label":"punctual","probabilities":{"early":0.25,"punctual":0.5,"late":0.25}}"#))
    let value = samplePipeline(task: .regression)
    let values = Desk(value)
    values.put(3, value, EchoScorer(answer: 12.5))
    #expect(ask(values, Self.record).text == #"{"prediction":12.5,"version":3,"canary":false}"#)
  }

  @Test("a list of records is answered in its order, few and many, with the version that answers")
  func lists() {
    let pipeline = samplePipeline(task: .regression)
    var wide = pipeline
    wide.serving.rowsMax = 100
    let desk = Desk(wide)
    desk.put(stable: (1, EchoScorer()), canary: (2, EchoScorer()), share: 1, wide)
    for count in [1, 2, 100] {
      let list = (0..<count).map { #"{"x":{"speed":1,"weight":\#($0),"night":false,"carrier":"AA"}}"# }
      let reply = ask(desk, "[\(list.joined(separator: " , "))]")
      let wanted = (0..<count).map { "\(Float($0) + 10_001)" }.joined(separator: ",")
      #expect(reply.text == #"{"predictions":[\#(wanted)],"version":2,"canary":true}"#)
    }
    #expect(ask(desk, "[" + Array(repeating: "{}", count: 101).joined(separator: ",") + "]").status == 413)
  }

  @Test("what is no record is refused with the place")
  func refusals() {
    let desk = Desk()
    desk.put(3)
    for (body, says) in [
      ("", "a record is a JSON object"), ("[]", "no record"), ("7", "a record is a JSON object"),
      ("[\(Self.record),7]", "record 1 is none"), (Self.record + "x", "the end expected"), ("{", "not JSON"),
      (#"{"x":{}}"#, "“record”, row 0, field “weight”"),
    ] {
      let reply = ask(desk, body)
      #expect(reply.status == 400 && reply.text.contains(says), "\(reply.text)")
    }
    #expect(desk.ask(.get, "/predict").status == 405)
    #expect(Desk().ask(.post, "/predict", Self.record).status == 503)
    #expect(ask(desk, "[\(Self.record),\(Self.record)]", explains: true).status == 400)
  }

  private struct Explained: Decodable {
    struct Contribution: Decodable {
      var feature: String
      var contribution: Float?
    }
    struct Explanation: Decodable {
      var of: String
      var features: Int
      var contributions: [Contribution]
    }
    var explanation: Explanation
  }

  @Test("what an answer owes to a feature is how it changes without it; the largest first")
  func explanation() throws {
    let pipeline = samplePipeline(task: .regression)
    let desk = Desk(pipeline)
    desk.put(3, pipeline)
    // The stand-in adds up: absent numbers count 1000, category buckets 10,000 each.
    let reply = ask(desk, Self.record, explains: true)
    let found = try JSONDecoder().decode(Explained.self, from: Data(reply.text.utf8)).explanation
    #expect(found.of == "value" && found.features == 4)
    #expect(found.contributions.map(\.feature) == ["carrier", "night", "speed", "weight"])
    #expect(found.contributions.map(\.contribution) == [10_000, -999, -950, nil])
  }

  @Test("of a real model contributions are differences of predictions, to the bit")
  func realModel() throws {
    var pipeline = samplePipeline(task: .multiclass)
    pipeline.schema.features += (0..<300).map { FeatureSettings(name: "n\($0)", path: "n\($0)", type: .float) }
    let state = Learner(spec: LearnerSpec(pipeline), batchCapacity: 8).encodeState()
    let predictor = try Predictor(spec: LearnerSpec(pipeline), state: state, batchCapacity: 32)
    let desk = Desk(pipeline)
    desk.put(3, pipeline, predictor)
    func record(without name: String? = nil) -> String {
      let numbers = (0..<300).filter { "n\($0)" != name }.map { #""n\#($0)":\#(Float($0) / 100)"# }
      let x = [("speed", "50"), ("weight", "2"), ("night", "true"), ("carrier", #""AA""#)].filter { $0.0 != name }
      return "{\"x\":{\(x.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ","))},\(numbers.joined(separator: ","))}"
    }
    func probabilities(_ body: String) throws -> [String: Double] {
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(ask(desk, body).text.utf8)) as? [String: Any])
      return try #require((object["prediction"] as? [String: Any])?["probabilities"] as? [String: Double])
    }
    let reply = ask(desk, record(), explains: true)
    let found = try JSONDecoder().decode(Explained.self, from: Data(reply.text.utf8)).explanation
    let base = try probabilities(record())
    #expect(found.of == base.max { $0.value < $1.value }?.key)
    #expect(found.features == 304 && found.contributions.count == 256)
    for name in ["speed", "night", "carrier", "n0", "n100", "n251"] {
      let without = try probabilities(record(without: name))
      let change = Float(try #require(base[found.of])) - Float(try #require(without[found.of]))
      #expect(found.contributions.first { $0.feature == name }?.contribution == change, "\(name)")
    }
  }
}
