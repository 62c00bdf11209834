import Foundation
import Pipelines
import Testing

@Suite("Notes on records in answers")
struct RecordNoteTests {
  private let desk: Desk

  init() {
    var pipeline = samplePipeline()
    pipeline.schema.features[1].missing = .impute
    desk = Desk(pipeline)
    desk.put(1, pipeline)
  }

  /// nil: there are no parameters in the answer.
  private func notes(_ records: [String], _ parameters: String = "{}") throws -> [String]? {
    let data = String(decoding: try JSONEncoder().encode(records), as: UTF8.self)
    let answer = desk.infer(
      #"{"parameters":\#(parameters),"inputs":[{"name":"record","datatype":"BYTES","shape":[\#(records.count)],"data":\#(data)}]}"#
    )
    #expect(answer.status == 200, "\(answer.text)")
    let json = try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any]
    return (json?["parameters"] as? [String: Any])?["notes"] as? [String]
  }

  private let whole = #"{"x":{"speed":5,"weight":1,"night":true,"carrier":"UA"}}"#

  @Test("a record with nothing of what the model reads is told unasked, with the keys that are near")
  func nothingFound() throws {
    let told = try notes([#"{"speed":5,"weight":1}"#])
    #expect(told?.first?.hasPrefix("0 of 4 features found; absent: speed (x.speed; near it: speed)") == true)
  }

  @Test("what was clipped or is not known is told unasked, what is absent and what it was for the asking")
  func changed() throws {
    let record = #"{"x":{"speed":500,"weight":1,"carrier":"AB"}}"#
    #expect(
      Set(try notes([record]) ?? []) == [
        "speed was clipped to its range of 0 to 100", "carrier is none of the known values",
      ])
    let thorough = try notes([record], #"{"notes":true}"#) ?? []
    #expect(thorough.first?.hasPrefix("3 of 4 features found; absent: night (x.night)") == true)
    #expect(thorough.contains("speed: 500 was clipped to 100"))
    #expect(thorough.contains("carrier: 'AB' is none of the known values (near: AA)"))
    #expect(try notes([record], #"{"notes":false}"#) == nil)
  }

  @Test("a path for a name, and a bare record, are refused with what to write")
  func wrongForms() {
    let path = desk.infer(#"{"inputs":[{"name":"x.speed","datatype":"FP32","shape":[1],"data":[1]}]}"#)
    #expect(path.status == 400 && path.text.contains("that is the path of “speed”"), "\(path.text)")
    let bare = desk.infer(whole)
    #expect(bare.status == 400 && bare.text.contains("a record goes into an input of its own"), "\(bare.text)")
    #expect(!desk.infer("{}").text.contains("of its own"))
  }

  @Test("a sound record has none, several say which row it is, and many are bounded")
  func rows() throws {
    #expect(try notes([whole], #"{"notes":true}"#) == nil)
    #expect(try notes([whole, #"{"x":{"weight":1}}"#]) == nil, "absent values are usual")
    #expect(try notes([whole, "{}"])?.first?.hasPrefix("row 1: 0 of 4 features found") == true)
    #expect(try notes(Array(repeating: "{}", count: 16))?.count == 16)
    #expect(try notes([whole]) == nil, "of this request only")
  }
}
