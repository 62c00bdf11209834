import Foundation
import Pipelines
import Testing

/// One edit of a pipeline file, and what it means for weights that were learned before.
struct Edit: Sendable, CustomTestStringConvertible {
  let from, to: String
  let setting: String
  let effect: EditEffect
  let meaning: String
  var testDescription: String { "\(from) → \(to)" }

  init(_ from: String, _ to: String, _ setting: String, _ effect: EditEffect, _ meaning: String) {
    (self.from, self.to, self.setting, self.effect, self.meaning) = (from, to, setting, effect, meaning)
  }
}

@Suite("What an edit of a pipeline means")
struct ContractTests {
  private static let file = """
    name: small
    source: { topic: events }
    schema:
      label: { path: y.late, classes: [punctual, late] }
      features:
        - { name: a, path: x.a, type: float, clip: [0, 100] }
        - { name: b, type: float, missing: reject }
        - { name: at, type: timestamp }
        - { name: k, type: category, buckets: 64, dimension: 4 }
        - { name: l, type: category, values: [p, q], buckets: 8, unknown: missing }
        - { name: m, type: category, values: [u, v], buckets: 16, dimension: 2 }
        - { name: w, type: map, buckets: 512, dimension: 1 }
        - { name: s, type: text, buckets: 512, dimension: 1 }
    model:
      task: binary
      hidden: [16, 8]
      heads:
        - { name: minutes, label: y.minutes, task: regression }
    training:
      optimizer: { kind: adam, learning_rate: 0.001 }
    """

  static let edits: [Edit] = [
    Edit("map, buckets: 512", "map, buckets: 513", "schema.features[w].buckets", .changes, "rows that others"),
    Edit("map, buckets: 512", "map, buckets: 512, norm: l1", "schema.features[w].norm", .changes, "another input"),
    Edit("map, buckets", "map, keys_max: 9, buckets", "schema.features[w].keys_max", .harmless, "which records are"),
    Edit("text, buckets", "text, keys_max: 9, buckets", "schema.features[s].keys_max", .harmless, "more words than"),
    Edit("text, buckets", "text, ngrams: 2, buckets", "schema.features[s].ngrams", .changes, "another input"),
    Edit("type: map", "type: text", "schema.features[w].type", .changes, "another kind of value"),
    Edit("text, buckets", "text, coerce: true, buckets", "schema.features[s].coerce", .changes, "other keys"),
    Edit(
      "    - { name: w,", "    - { name: z, type: map }\n    - { name: w,", "schema.features[z]", .extends,
      "rows begin afresh"),
    Edit("[punctual, late]", "[late, punctual]", "schema.label.classes", .changes, "answer with each other's names"),
    Edit("[punctual, late]", "[punctual, delayed]", "schema.label.classes", .changes, "learned for other classes"),
    Edit("path: y.late", "path: y.late15", "schema.label.path", .changes, "another label"),
    Edit(
      "  label: { path: y.late", "  weight: n\n  label: { path: y.late", "schema.weight", .harmless,
      "records count as much as `n` says from now on"),
    Edit(
      "task: regression }", "task: regression, clip: [0, 600] }", "model.heads[minutes].clip", .harmless,
      "between the old and the new bounds"),
    Edit("path: x.a", "path: x.b", "schema.features[a].path", .changes, "another place in the record"),
    Edit("name: at, type: timestamp", "name: at, type: float", "schema.features[at].type", .changes, "kind of value"),
    Edit("type: timestamp", "type: timestamp, unit: ms", "schema.features[at].unit", .harmless, "recognised as of"),
    Edit(
      "type: timestamp", "type: timestamp, parts: [hour, month]", "schema.features[at].parts", .extends,
      "their rows begin afresh"),
    Edit(
      "type: timestamp", "type: timestamp, parts: [hour], time_zone: Asia/Tokyo, dimension: 2",
      "schema.features[at].parts", .extends, "its rows begin afresh"),
    Edit("type: timestamp", "type: timestamp, origin: 0", "schema.features[at].origin", .changes, "another number"),
    Edit(
      "clip: [0, 100]", "clip: [0, 200]", "schema.features[a].clip", .harmless, "between the old and the new bounds"),
    Edit("clip: [0, 100]", "origin: 5", "schema.features[a].origin", .changes, "another number to its weights"),
    Edit("missing: reject", "missing: impute", "schema.features[b].missing", .harmless, "which records are taken"),
    Edit(
      "name: b, type: float, missing: reject", "name: b, type: float, missing: reject, normalize: none",
      "schema.features[b].normalize", .changes, "another number to its weights"),
    Edit(
      "b, type: float, missing: reject", "b, type: float, missing_indicator: true",
      "schema.features[b].missing_indicator", .extends, "weight 0"),
    Edit(
      "clip: [0, 100]", "missing_indicator: false", "schema.features[a].missing_indicator", .changes, "of its absence"),
    Edit("buckets: 64", "buckets: 128", "schema.features[k].buckets", .changes, "`buckets: 64` leaves each its own"),
    Edit("buckets: 64", "buckets: 127", "schema.features[k].buckets", .extends, "each hashed row becomes several"),
    Edit("buckets: 64", "buckets: 64, own_rows: 100", "schema.features[k].own_rows", .extends, "a row of its own"),
    Edit("buckets: 64", "buckets: 64, own_rows: 0", "schema.features[k].own_rows", .changes, "would lose the rows"),
    Edit("buckets: 64, dimension: 4", "buckets: 64, dimension: 8", "schema.features[k].dimension", .changes, "width"),
    Edit(
      "buckets: 64, dimension: 4", "buckets: 64, dimension: 4, values_max: 3", "schema.features[k].values_max",
      .harmless, "which records are taken"),
    Edit("[p, q]", "[q, p]", "schema.features[l].values", .harmless, "rows follow their values"),
    Edit("[p, q]", "[p, q, r]", "schema.features[l].values", .extends, "a fresh row"),
    Edit("[p, q]", "[p]", "schema.features[l].values", .changes, "`q` has a row that would be another value's"),
    Edit(
      "[u, v], buckets: 16", "[u, v, w], buckets: 16", "schema.features[m].values", .changes,
      "`buckets: 17` leaves each its own"),
    Edit(
      "[u, v], buckets: 16", "[u, v, w], buckets: 17", "schema.features[m].values", .extends,
      "what its hashed row has learned"),
    Edit("unknown: missing", "unknown: hash", "schema.features[l].unknown", .changes, "another row"),
    Edit("unknown: missing", "unknown: reject", "schema.features[l].unknown", .harmless, "which records are taken"),
    Edit(
      "    - { name: b, type: float, missing: reject }\n", "", "schema.features[b]", .changes, "without their input"),
    Edit(
      "name: b, type: float", "name: bb, path: b, type: float", "schema.features[b]", .changes,
      "`bb` reads the same path: a feature is known by its name"),
    Edit(
      "    - { name: k,", "    - { name: d, type: bool }\n    - { name: k,", "schema.features[d]", .extends, "weight 0"),
    Edit(
      "    - { name: k,", "    - { name: d, type: category }\n    - { name: k,", "schema.features[d]", .extends,
      "its rows begin afresh"),
    Edit("hidden: [16, 8]", "hidden: [16]", "model.hidden", .changes, "weights of one shape"),
    Edit(
      "hidden: [16, 8]", "hidden: [16, 8]\n  activation: tanh", "model.activation", .changes,
      "another function behind them"),
    Edit(
      "hidden: [16, 8]", "hidden: [16, 16]\n  residual: true", "model.residual", .changes,
      "sums that were made otherwise"),
    Edit("hidden: [16, 8]", "hidden: [16, 8]\n  dropout: 0.1", "model.dropout", .harmless, "from now on"),
    Edit("hidden: [16, 8]", "hidden: [16, 8]\n  input_clip: 3", "model.input_clip", .harmless, "old and the new bound"),
    Edit(
      "task: regression }", "task: regression, loss: { kind: quantile, level: 0.9 } }", "model.heads[minutes].loss",
      .changes, "estimate something else"),
    Edit(
      "task: regression }", "task: regression }\n    - { name: more, label: y.more, task: binary }",
      "model.heads[more]", .extends, "own weights begin afresh"),
    Edit("label: y.minutes", "label: y.seconds", "model.heads[minutes].label", .changes, "another label"),
    Edit("kind: adam,", "kind: sgd,", "training.optimizer.kind", .extends, "every weight stays"),
    Edit("learning_rate: 0.001", "learning_rate: 0.01", "training.optimizer.learning_rate", .harmless, "goes on"),
    Edit(
      "source: { topic: events }", "source: { topic: events }\ncheckpoint: { every: 1s }", "checkpoint.every",
      .harmless, "goes on"),
    Edit(
      "source: { topic: events }", "source: { topic: events }\ngroup: { encryption: tls }", "group.encryption",
      .harmless, "goes on"),
    Edit(
      "source: { topic: events }", "source: { topic: events }\ngroup: { gradients: bfloat16 }", "group.gradients",
      .harmless, "goes on"),
  ]

  @Test("each edit has its effect and its sentence, and no other is found", arguments: edits)
  func table(edit: Edit) throws {
    #expect(Self.file.contains(edit.from))
    let (old, new) = (try parsed(Self.file), try parsed(Self.file.replacing(edit.from, with: edit.to)))
    let found = new.edits(since: old)
    let told = try #require(found.first { $0.setting == edit.setting }, "\(found)")
    #expect(told.effect == edit.effect)
    #expect(told.meaning.contains(edit.meaning), "\(told.meaning)")
    #expect(found.allSatisfy { $0.effect <= edit.effect }, "\(found)")
    #expect(old.edits(since: old).isEmpty)
  }

  @Test("features in another order keep their weights, but for a first layer that adds its inputs by place")
  func order() throws {
    let lines = Self.file.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    var turned = lines
    turned.swapAt(5, 6)
    let edits = try parsed(turned.joined(separator: "\n")).edits(since: try parsed(Self.file))
    #expect(edits.map(\.effect) == [.harmless] && edits[0].setting == "schema.features")
    #expect(edits[0].old == "[a, b, at, k, l, m, w, s]" && edits[0].new == "[b, a, at, k, l, m, w, s]")
    func residual(_ lines: [String]) throws -> Pipeline {
      try parsed(
        lines.joined(separator: "\n").replacing("hidden: [16, 8]", with: "hidden: [21, 8]\n  residual: true"))
    }
    // 4 + 8 + 2 + 1 + 1 embedded, three numbers and two that tell of absence are twenty-one inputs.
    let (before, after) = (try residual(lines), try residual(turned))
    #expect(after.edits(since: before).map(\.effect) == [.changes])
  }

  @Test("a weight that comes, goes or moves is told with what records count from now on")
  func weight() throws {
    let without = try parsed(Self.file)
    func at(_ path: String) throws -> Pipeline {
      try parsed(Self.file.replacing("  label: { path: y.late", with: "  weight: \(path)\n  label: { path: y.late"))
    }
    let (old, other) = (try at("n"), try at("v"))
    let gone = try #require(without.edits(since: old).first)
    #expect(gone.setting == "schema.weight" && gone.old == "n" && gone.new == nil && gone.effect == .harmless)
    #expect(gone.meaning == "every record counts 1 from now on; what was learned stays as it is")
    let moved = try #require(other.edits(since: old).first)
    #expect(moved.old == "n" && moved.new == "v" && moved.meaning.hasPrefix("records count as much as `v` says"))
  }

  @Test("names exchanged between two features are two other paths")
  func exchange() throws {
    let new = Self.file.replacing("name: a, path: x.a", with: "name: b, path: x.a").replacing(
      "name: b, type: float, missing", with: "name: a, path: b, type: float, missing")
    let edits = try parsed(new).edits(since: try parsed(Self.file)).filter { $0.effect == .changes }
    #expect(edits.map(\.setting).sorted() == ["schema.features[a].path", "schema.features[b].path"])
  }

  @Test("what the schema decides for its features is told for each of them")
  func inherited() throws {
    let new = Self.file.replacing("  label: {", with: "  time_unit: ms\n  coerce: true\n  label: {")
    let edits = try parsed(new).edits(since: try parsed(Self.file))
    #expect(edits.contains { $0.setting == "schema.features[at].unit" && $0.effect == .harmless })
    #expect(edits.contains { $0.setting == "schema.features[k].coerce" && $0.effect == .changes })
    #expect(edits.contains { $0.setting == "schema.features[a].coerce" && $0.effect == .harmless })
  }

  @Test("an edit knows the lines of both files")
  func places() throws {
    let new = "# Edited.\n" + Self.file.replacing("path: x.a", with: "path: x.b")
    let edit = try #require(try parsed(new).edits(since: try parsed(Self.file)).first)
    let (before, after) = (PipelineParser.places(in: Self.file), PipelineParser.places(in: new))
    #expect(before.place(of: edit.oldPath) == (6, 24))
    #expect(after.place(of: edit.newPath) == (7, 24))
    #expect(after.place(of: "schema.features[0].unit") == (7, 7))
  }

  @Test("somebody has said of every setting what its edit means")
  func complete() {
    #expect(DataContract.settingsWithoutRule.isEmpty, "add a row to EditRules+Features or EditRules+Model")
  }

  @Test("a contract comes back from its text, whatever pipeline it is of", arguments: ["full.yaml", "small", "$"])
  func text(name: String) throws {
    let text =
      switch name {
      case "small": Self.file
      case "$": Self.file.replacing("punctual", with: "\"$${HOME} \\u00e9 #\"")
      default: try FixtureFiles.text(name)
      }
    let pipeline = try parsed(text)
    let contract = DataContract(pipeline)
    #expect(try DataContract(text: contract.text) == contract)
    #expect(try DataContract(text: contract.text).text == contract.text)
    #expect(DataContract(pipeline.under(contract)) == contract)
  }

  @Test("a contract of a newer program, or one that is damaged, is refused; keys that came later have their defaults")
  func foreign() throws {
    let text = DataContract(try parsed(Self.file)).text
    #expect(throws: ContractError.self) {
      try DataContract(text: text.replacing("\"contract\": 1", with: "\"contract\": 2"))
    }
    for length in stride(from: 0, to: text.count - 1, by: 701) {
      #expect(throws: ContractError.self) { try DataContract(text: String(text.prefix(length))) }
    }
    let older = text.replacing("\"dropout\": 0,", with: "")
    #expect(older != text)
    #expect(try DataContract(text: older) == DataContract(try parsed(Self.file)))
  }

  @Test("under a contract a pipeline keeps its limits, and has the meaning of then")
  func under() throws {
    let old = try parsed(Self.file)
    let new = try parsed(
      Self.file.replacing("[punctual, late]", with: "[late, punctual]").replacing("kind: adam,", with: "kind: lion,")
        + "\nserving: { threads: 3 }")
    let both = new.under(DataContract(old))
    #expect(DataContract(both).schema == DataContract(old).schema)
    #expect(both.model == old.model && both.serving.threads == 3)
    #expect(both.training.optimizer.kind == .adam)
  }

  @Test("workers agree on what is learned and how, not on how long they wait")
  func work() throws {
    let old = try parsed(Self.file)
    let waits = try parsed(Self.file + "\n  linger: 50ms\n  workers: 7\nserving: { port: 80 }")
    #expect(waits.workText == old.workText)
    #expect(try parsed(Self.file + "\ngroup: { encryption: none }").workText == old.workText)
    #expect(try parsed(Self.file + "\ngroup: { encryption: tls }").workText != old.workText)
    for edit in [("0.001", "0.002"), ("topic: events", "topic: others"), ("clip: [0, 100]", "clip: [0, 101]")] {
      #expect(try parsed(Self.file.replacing(edit.0, with: edit.1)).workText != old.workText)
    }
    #expect(try parsed(Self.file + "\ngroup: { gradients: bfloat16 }").workText != old.workText)
  }
}
