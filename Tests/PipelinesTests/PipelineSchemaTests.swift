import Foundation
import Pipelines
import Testing

@Suite("Pipeline schema")
struct PipelineSchemaTests {
  private let file = FixtureFiles.repository.appending(path: "Pipelines/pipeline.schema.json")

  @Test("the schema in the repository is up to date")
  func isUpToDate() throws {
    let schema = PipelineSchema.jsonSchema()
    if FixtureFiles.isRecording { try Data(schema.utf8).write(to: file) }
    #expect(schema == String(decoding: try Data(contentsOf: file), as: UTF8.self))
  }

  @Test("it is JSON, and every key has a description and a type")
  func everyKeyIsDescribed() throws {
    let json = try JSONSerialization.jsonObject(with: Data(PipelineSchema.jsonSchema().utf8))
    var keys = 0
    func walk(_ schema: Any, _ path: String) {
      guard let schema = schema as? [String: Any] else { return }
      for (name, value) in schema["properties"] as? [String: Any] ?? [:] {
        keys += 1
        let key = value as? [String: Any] ?? [:]
        #expect((key["description"] as? String)?.isEmpty == false, "\(path).\(name)")
        #expect(["type", "enum", "anyOf"].contains { key[$0] != nil }, "\(path).\(name)")
        walk(value, "\(path).\(name)")
      }
      if let items = schema["items"] { walk(items, path + "[]") }
    }
    walk(json, "")
    #expect(keys > 70)
  }
}
