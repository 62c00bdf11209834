import Foundation
import Pipelines
import Testing
import retrainctl

@Suite("The id of a record")
struct RecordIdentityTests {
  @Test(
    "is the text or number at its path, and none where there is none or the record cannot be read",
    arguments: [
      (#"{"id":"a-7","x":1}"#, "id", "a-7"), (#"{"meta":{"id":4711}}"#, "meta.id", "4711"),
      (#"{"a.b":9007199254740993}"#, #"a\.b"#, "9007199254740993"), (#"{"id":null}"#, "id", nil),
      (#"{"x":1}"#, "id", nil),
      (#"{"id":{"x":1}}"#, "id", nil), (#"[1]"#, "id", nil), (#"{"id":"cut of"#, "id", nil),
    ] as [(String, String, String?)])
  func text(record: String, path: String, id: String?) throws {
    #expect(RecordIdentity.text(at: try #require(FieldPath(path)), in: Data(record.utf8)) == id)
  }
}
