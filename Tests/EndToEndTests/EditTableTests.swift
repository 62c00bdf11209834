import Foundation
import Testing

/// Edits of one pipeline file, each by itself: what `start` says of it, and what the version that serves answers after it.
/// The test prints them as a table.
@Suite("The table of edits")
struct EditTableTests {
  private enum Effect: String { case harmless, extends, changes }

  /// One place of the file, replaced.
  private struct Edit {
    let effect: Effect
    let setting: String
    let from: String
    let to: String
    /// Of the sentence that tells it.
    let words: String

    init(_ effect: Effect, _ setting: String, _ from: String, _ to: String, _ words: String) {
      self.effect = effect
      self.setting = setting
      self.from = from
      self.to = to
      self.words = words
    }
  }

  private static let text = """
    name: table
    source: { topic: table, partitions: 2 }
    schema:
      label: { path: y, classes: [cold, warm] }
      features:
        - { name: a, type: float, clip: [-5, 5] }
        - { name: b, type: float }
        - { name: c, type: category, buckets: 16 }
        - { name: s, type: category, values: [x, y], buckets: 8 }
        - { name: t, type: timestamp, parts: [hour] }
    model: { task: binary, hidden: [8] }
    training: { workers: 1, linger: 20ms }
    checkpoint: { every_steps: 50, every: 1s }
    rollout: { records_min: 100, candidate_every: 1s }
    """

  private static let edits = [
    Edit(
      .harmless, "training.optimizer.learning_rate", "linger: 20ms",
      "linger: 20ms, optimizer: { learning_rate: 0.002 }", "the model goes on"),
    Edit(.harmless, "checkpoint.every_steps", "every_steps: 50", "every_steps: 60", "the model goes on"),
    Edit(.harmless, "rollout.records_min", "records_min: 100", "records_min: 150", "the model goes on"),
    Edit(.harmless, "schema.features[a].clip", "clip: [-5, 5]", "clip: [-4, 4]", "other numbers from now on"),
    Edit(.harmless, "model.dropout", "hidden: [8]", "hidden: [8], dropout: 0.1", "how the model learns from now on"),
    Edit(
      .harmless, "schema.features[b].missing", "name: b, type: float", "name: b, type: float, missing: reject",
      "which records are taken"),
    Edit(
      .extends, "schema.features[d]", "    - { name: c,", "    - { name: d, type: float }\n    - { name: c,", "weight 0"
    ),
    Edit(.extends, "schema.features[s].values", "values: [x, y], buckets: 8", "values: [x, y, z], buckets: 9", "begin"),
    Edit(
      .extends, "schema.features[t].parts", "parts: [hour]", "parts: [hour, weekday]", "begin afresh, with weight 0"),
    Edit(
      .extends, "schema.features[c].own_rows", "type: category, buckets: 16",
      "type: category, buckets: 16, own_rows: 64", "begins with what its hashed row has learned"),
    Edit(
      .extends, "model.heads[later]", "hidden: [8]",
      "hidden: [8], heads: [{ name: later, label: z, task: regression }]", "its own weights begin afresh"),
    Edit(
      .extends, "training.optimizer.kind", "linger: 20ms", "linger: 20ms, optimizer: { kind: adagrad }",
      "every weight stays, and what the optimiser remembers begins afresh"),
    Edit(.changes, "schema.label.classes", "[cold, warm]", "[warm, cold]", "each other's names"),
    Edit(.changes, "schema.label.classes", "[cold, warm]", "[cold, hot]", "other classes"),
    Edit(.changes, "schema.label.path", "path: y", "path: z", "another label"),
    Edit(.changes, "schema.features[b].path", "name: b,", "name: b, path: b2,", "another place in the record"),
    Edit(
      .changes, "schema.features[b].type", "name: b, type: float", "name: b, type: category", "another kind of value"),
    Edit(
      .changes, "schema.features[b]", "    - { name: b, type: float }\n", "", "its weights would be without their input"
    ),
    Edit(
      .changes, "schema.features[b].normalize", "name: b, type: float", "name: b, type: float, normalize: none",
      "another number"),
    Edit(.changes, "schema.features[c].buckets", "buckets: 16", "buckets: 20", "rows that others have learned"),
    Edit(.changes, "schema.features[c].dimension", "buckets: 16", "buckets: 16, dimension: 4", "another width"),
    Edit(.changes, "schema.features[s].values", "values: [x, y]", "values: [x]", "would be another value's"),
    Edit(
      .changes, "schema.features[t].time_zone", "parts: [hour]", "parts: [hour], time_zone: Europe/Berlin",
      "another hour"),
    Edit(.changes, "model.hidden", "hidden: [8]", "hidden: [16]", "none of another"),
    Edit(.changes, "model.activation", "hidden: [8]", "hidden: [8], activation: tanh", "another function behind them"),
  ]

  private static let record = #"{"a":0.7,"b":0.1,"c":"k1","s":"x","t":"2024-05-01T08:00:00Z"}"#

  private static func records(_ numbers: Range<Int>) -> String {
    numbers.map { number in
      let (a, hour) = (Double(number * 37 % 101) / 50 - 1, number % 24)
      return
        "{\"a\":\(a),\"b\":\(number % 7),\"c\":\"k\(number % 5)\",\"d\":\(number % 3),\"s\":\"\(number % 2 == 0 ? "x" : "y")\","
        + "\"t\":\"2024-05-0\(number % 9 + 1)T\(hour < 10 ? "0" : "")\(hour):00:00Z\",\"y\":\"\(a > 0 ? "warm" : "cold")\",\"z\":\(a)}\n"
    }.joined()
  }

  @Test(
    "each edit is told for what it is, those of another meaning are refused, and the old version answers the same bits")
  func table() throws {
    let place = try Workplace()
    let (pipeline, file) = (place.folder + "/table.yaml", place.folder + "/table.jsonl")
    func write(_ edits: [Edit]) throws {
      var text = Self.text
      for edit in edits {
        #expect(text.contains(edit.from), "\(edit.setting)")
        text = text.replacing(edit.from, with: edit.to)
      }
      try text.write(toFile: pipeline, atomically: true, encoding: .utf8)
    }
    func feed(_ numbers: Range<Int>) throws {
      try Self.records(numbers).write(toFile: file, atomically: true, encoding: .utf8)
      let fed = try place.run("feed", file, "--topic", "table", "--partitions", "2")
      #expect(fed.code == 0, "\(fed.complaints)")
    }
    func answer() throws -> NSDictionary {
      let outcome = try place.run("predict", Self.record, "--version", "1", "--json")
      #expect(outcome.code == 0, "\(outcome.complaints)")
      return try outcome.json() as NSDictionary
    }
    var rows: [String] = []
    func tell(_ edit: Edit, start: Int32, same: Bool, _ sentence: String) {
      rows.append(
        "| \(edit.setting) | \(edit.effect.rawValue) | \(start) | \(same ? "same bits" : "OTHER") | \(sentence) |")
    }

    try write([])
    #expect(try place.run("dev", "up").code == 0)
    try feed(0..<2000)
    let first = try place.run("start", pipeline, "--until", "end", "--json")
    #expect(first.code == 0, "\(first.complaints)")
    let before = try answer()

    // What `validate` finds of each edit alone, and `start` of those that it refuses.
    var sentences: [String] = []
    for edit in Self.edits {
      try write([edit])
      let validated = try place.run("validate", pipeline, "--json")
      #expect(validated.code == 0, "\(edit.setting): \(validated.complaints)")
      let learned = try validated.json()["learned"] as? [String: Any]
      let found = learned?["edits"] as? [[String: Any]] ?? []
      let own = found.first { $0["setting"] as? String == edit.setting }
      #expect(own?["effect"] as? String == edit.effect.rawValue, "\(edit.setting) → \(edit.to): \(found)")
      // Nothing else is an edit of that kind.
      #expect(found.allSatisfy { $0["effect"] as? String != "changes" } || edit.effect == .changes, "\(found)")
      let sentence = own?["meaning"] as? String ?? ""
      #expect(sentence.contains(edit.words), "\(edit.setting): \(sentence)")
      sentences.append(sentence)
      guard edit.effect == .changes else { continue }
      let refused = try place.run("start", pipeline, "--until", "end", "--json")
      #expect(refused.code == 65, "\(edit.setting): \(refused.complaints)")
      #expect(refused.complaints.contains(sentence) && refused.complaints.contains("--new-lineage"))
      tell(edit, start: refused.code, same: try answer() == before, sentence)
    }
    // The others go on, all of a kind at once, with records that the model learns from.
    for (number, effect) in [Effect.harmless, .extends].enumerated() {
      let chosen = Self.edits.filter { $0.effect == effect && $0.setting != "training.optimizer.kind" }
      try write(chosen)
      try feed(2000 + number * 600..<2600 + number * 600)
      let start = try place.run("start", pipeline, "--until", "end", "--json")
      #expect(start.code == 0, "\(start.complaints)")
      let found = (try start.json()["edits"] as? [[String: Any]] ?? []).compactMap { $0["setting"] as? String }
      let same = try answer() == before
      for edit in chosen {
        #expect(found.contains(edit.setting), "\(edit.setting) is not among \(found)")
        let place = Self.edits.firstIndex { $0.setting == edit.setting && $0.to == edit.to } ?? 0
        tell(edit, start: start.code, same: same, sentences[place])
      }
    }
    #expect(rows.count >= 20 && rows.allSatisfy { $0.contains("same bits") })
    print(
      "| edit | effect | start | version 1 | what is said |\n|---|---|---|---|---|\n" + rows.joined(separator: "\n"))
    #expect(try place.run("dev", "down").code == 0)
  }
}
