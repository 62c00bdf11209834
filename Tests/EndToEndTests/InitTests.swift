import Foundation
import Testing

@Suite("Drafting a pipeline")
struct InitTests {
  @Test("of a table gives a file that validates; it is not written over, and what cannot be drafted says what to do")
  func drafts() throws {
    let place = try Workplace()
    let (table, file) = (place.folder + "/sales.csv", place.folder + "/sales.yaml")
    let rows = (0..<20).map { "\($0),2026-01-\(10 + $0) 10:00,\($0).5,\($0 % 2 == 0 ? "yes" : "no"),0\($0)" }
    try (["number,day,price,sold,zip"] + rows).joined(separator: "\n").write(
      toFile: table, atomically: true, encoding: .utf8)
    let drafted = try place.run("init", table, "--label", "sold", "--output", file)
    #expect(drafted.code == 0 && drafted.output.contains("drafted from 20 records"), "\(drafted.complaints)")
    let text = try String(contentsOfFile: file, encoding: .utf8)
    #expect(
      text.contains(#"label: { path: sold, classes: ["no", "yes"] }"#) && text.contains("event_time: day"), "\(text)")
    #expect(text.contains("{ name: zip, type: category }"), "\(text)")
    #expect(try place.run("validate", file).code == 0)
    let again = try place.run("init", table, "--label", "sold", "--output", file)
    #expect(again.code == 64 && again.complaints.contains("--force writes over it"))
    let answer = try place.run("init", table, "--label", "price", "--output", file, "--force", "--json").json()
    #expect(answer["label"] as? String == "price" && answer["records"] as? Int == 20)
    let unsaid = try place.run("init", table)
    #expect(
      unsaid.code == 64
        && unsaid.complaints.contains("Say with --label which of its fields: number, day, price, sold, zip"))
    #expect(try place.run("init", file).code == 64)
    #expect(try place.run("init", table, "--separator", ";", "--label", "sold").code == 64)
  }
}
