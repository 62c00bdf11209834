import Foundation
import Testing

/// A pipeline file that people edit between two runs.
@Suite("An edited pipeline file")
struct EditedFileTests {
  private static let text = """
    name: edited
    source: { topic: edited, partitions: 2 }
    schema:
      label: { path: y, classes: [cold, warm] }
      features:
        - { name: a, type: float }
        - { name: c, type: category, buckets: 16 }
    model: { task: binary, hidden: [8] }
    training: { workers: 1, linger: 20ms }
    checkpoint: { every_steps: 50, every: 1s, keep: 50 }
    rollout: { records_min: 100, candidate_every: 1s }
    """

  private static func records(_ numbers: Range<Int>) -> String {
    numbers.map { number in
      let a = Double(number * 37 % 101) / 50 - 1
      return "{\"a\":\(a),\"c\":\"k\(number % 5)\",\"d\":\(number % 3),\"y\":\"\(a > 0 ? "warm" : "cold")\"}\n"
    }.joined()
  }

  @Test("is told item by item, refused or gone on with, while the version that serves answers as ever")
  func edits() throws {
    let place = try Workplace()
    let (pipeline, file) = (place.folder + "/edited.yaml", place.folder + "/edited.jsonl")
    func write(_ from: String = "", _ to: String = "") throws {
      try Self.text.replacing(from, with: to).write(toFile: pipeline, atomically: true, encoding: .utf8)
    }
    func feed(_ numbers: Range<Int>) throws {
      try Self.records(numbers).write(toFile: file, atomically: true, encoding: .utf8)
      let fed = try place.run("feed", file, "--pipeline", pipeline)
      #expect(fed.code == 0, "\(fed.complaints)")
    }
    func start(_ words: String...) throws -> Workplace.Outcome {
      try place.run(["start", pipeline, "--until", "end", "--json"] + words)
    }
    func answer() throws -> [String: Any] {
      let outcome = try place.run("predict", #"{"a":0.7,"c":"k1","d":2}"#, "--version", "1", "--json")
      #expect(outcome.code == 0, "\(outcome.complaints)")
      return try outcome.json()
    }
    func step() throws -> Int { try place.run("status", "--json").json()["step"] as? Int ?? -1 }

    try write()
    #expect(try place.run("dev", "up").code == 0)
    try feed(0..<2000)
    let first = try start()
    #expect(first.code == 0, "\(first.complaints)")
    let (before, learned) = (try answer(), try step())
    #expect(before["label"] as? String == "warm")

    // Another meaning: nothing runs, nothing has changed.
    try write("[cold, warm]", "[warm, cold]")
    // Validation says so beforehand, which is no mistake of the file.
    let validated = try place.run("validate", pipeline)
    #expect(validated.code == 0 && validated.output.contains("'start' would refuse to go on with this file"))
    #expect(validated.complaints.contains("edited.yaml:4:30: schema.label.classes was [cold, warm]"))
    let listed = try place.run("validate", pipeline, "--json").json()["learned"] as? [String: Any]
    #expect((listed?["edits"] as? [[String: Any]])?.first?["effect"] as? String == "changes")
    #expect(listed?["step"] as? Int == learned)
    let refused = try start()
    #expect(refused.code == 65 && refused.output.isEmpty)
    #expect(
      refused.complaints.contains("edited.yaml:4:30: schema.label.classes was [cold, warm] (line 4 of the file then)"))
    #expect(refused.complaints.contains("--new-lineage"))

    // Something more: the model goes on, and knows what it knew.
    try write("    - { name: c,", "    - { name: d, type: float }\n    - { name: c,")
    try feed(2000..<2600)
    let extended = try start()
    #expect(extended.code == 0, "\(extended.complaints)")
    let edit = try #require((try extended.json()["edits"] as? [[String: Any]])?.first)
    #expect(edit["effect"] as? String == "extends" && edit["setting"] as? String == "schema.features[d]")
    #expect(try step() > learned)
    #expect(try answer() as NSDictionary == before as NSDictionary)

    // Anew: a model of its own, from the first record, while version 1 serves.
    try write("[cold, warm]", "[warm, cold]")
    let anew = try start("--new-lineage")
    #expect(anew.code == 0, "\(anew.complaints)")
    #expect(try place.run("audit", "--json").json()["consumed"] as? Int == 2600)
    #expect(try answer() as NSDictionary == before as NSDictionary)
    let incidents = try place.run("incidents", "--json").output
    for kind in ["pipeline_edited", "lineage_begun", "not_compared"] { #expect(incidents.contains(kind)) }
    #expect(try place.run("dev", "down").code == 0)
  }

  @Test("under which not one record could be learned has nothing to go on from: once mended, all are read again")
  func nothingLearned() throws {
    let place = try Workplace()
    let (pipeline, file) = (place.folder + "/edited.yaml", place.folder + "/edited.jsonl")
    try Self.records(0..<600).write(toFile: file, atomically: true, encoding: .utf8)
    try Self.text.replacing("c, type: category, buckets: 16", with: "c, type: bool")
      .write(toFile: pipeline, atomically: true, encoding: .utf8)
    #expect(try place.run("dev", "up").code == 0)
    #expect(try place.run("feed", file, "--pipeline", pipeline).code == 0)
    func start() throws -> Workplace.Outcome { try place.run("start", pipeline, "--until", "end", "--json") }
    #expect(try start().code == 0)
    let refused = try place.run("status", "--json").output
    #expect(refused.contains("600 of 600 records were rejected; c: 600 × wrong_type"))
    #expect(try place.run("audit", "--json").json()["trained"] as? Int == 0)

    try Self.text.write(toFile: pipeline, atomically: true, encoding: .utf8)
    #expect(try place.run("validate", pipeline).output.contains("'start' would begin anew with these edits"))
    let mended = try start()
    #expect(mended.code == 0 && mended.complaints.contains("begins anew (lineage 1)"), "\(mended.complaints)")
    #expect(try place.run("audit", "--json").json()["trained"] as? Int == 600)
    // What was learned under the file as it is goes on.
    #expect(try start().code == 0)
    #expect(try place.run("audit", "--json").json()["trained"] as? Int == 600)
    #expect(try place.run("dev", "down").code == 0)
  }
}
