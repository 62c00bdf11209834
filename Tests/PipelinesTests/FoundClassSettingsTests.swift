import Pipelines
import Testing

@Suite("classes: auto")
struct FoundClassSettingsTests {
  private static func file(_ label: String, _ model: String = "task: multiclass, hidden: [4]") -> String {
    """
    name: kinds
    source: { topic: events }
    schema:
      label: { path: y, \(label) }
      features:
        - { name: a, type: float }
    model: { \(model) }
    """
  }

  @Test("finds up to 64 classes, or as many as the file says")
  func bound() throws {
    let usual = try parsed(Self.file("classes: auto")).schema.label
    #expect(usual.findsClasses && usual.classesMax == 64 && usual.classRoom == 64 && usual.classes.isEmpty)
    #expect(try parsed(Self.file("classes: auto, classes_max: 5")).schema.label.classRoom == 5)
  }

  @Test(
    "is refused where it means nothing, with the place and a remedy",
    arguments: [
      ("classes: [a, b], classes_max: 5", "task: multiclass", "4:38", "`classes_max` is for classes that are found"),
      ("classes: auto, classes_max: 1", "task: multiclass", "4:49", "from 2 to 1024"),
      ("classes: auto", "task: binary", "4:30", "the task binary finds no classes"),
      ("classes: automatic", "task: multiclass", "4:30", "or auto"),
      ("classes: auto", "task: multiclass, class_weights: [1, 2]", "7:43", "classes that are found have no weights"),
      (
        "classes: auto", "task: multiclass, heads: [{ name: h, label: z, task: multiclass, classes: auto }]", "7:84",
        "a list of class names"
      ),
    ])
  func refused(label: String, model: String, place: String, words: String) {
    let text = report(on: Self.file(label, model))
    #expect(text.contains("pipeline.yaml:\(place)") && text.contains(words), "\(text)")
  }

  @Test("a contract carries what was found, whatever the names are, and the work of a group does not depend on it")
  func contract() throws {
    var pipeline = try parsed(Self.file("classes: auto, classes_max: 9"))
    let before = pipeline.workText
    pipeline.schema.label.classes = [
      "auto", "a: b", "\"", "\\", "'", "é 😀", "null", "1", " x ", "#", "a\u{A0}b", "\u{1F468}\u{200D}\u{1F469}",
    ]
    pipeline.schema.label.classes = pipeline.schema.label.classes.filter { ClassNames.accepts($0) }
    #expect(pipeline.schema.label.classes.count == 12)
    let contract = DataContract(pipeline)
    #expect(try DataContract(text: contract.text) == contract)
    #expect(pipeline.workText == before)
    let follower = try parsed(Self.file("classes: auto, classes_max: 20")).following(contract)
    #expect(follower.schema.label.classes == pipeline.schema.label.classes)
  }

  @Test(
    "a name that would steer a screen is none", arguments: ["\u{202E}", "a\u{2066}b", "\u{200F}", "\u{0}", "a\u{2028}"])
  func steering(name: String) { #expect(!ClassNames.accepts(name)) }

  @Test("of many classes that were found, a refusal counts those that it does not name")
  func manyFound() throws {
    var before = try parsed(Self.file("classes: auto"))
    before.schema.label.classes = (0..<11).map { "c\($0)" }
    let edits = try parsed(Self.file("classes: [c1, c0]")).edits(since: before)
    #expect("\(edits)".contains("c7 and 3 more, in this order"), "\(edits)")
  }

  @Test(
    "an edit of it extends as long as every learned class keeps its output",
    arguments: [
      ("classes: [a, b]", [], "classes: auto", "schema.label.classes", EditEffect.extends),
      ("classes: [a, b, c]", [], "classes: auto, classes_max: 2", "schema.label.classes", .changes),
      ("classes: auto", ["a", "b"], "classes: [a, b, c]", "schema.label.classes", .extends),
      ("classes: auto", ["a", "b"], "classes: [b, a]", "schema.label.classes", .changes),
      ("classes: auto", ["a", "b"], "classes: auto, classes_max: 99", "schema.label.classes_max", .extends),
      ("classes: auto", ["a", "b"], "classes: auto, classes_max: 2", "schema.label.classes_max", .extends),
      ("classes: auto", ["a", "b", "c"], "classes: auto, classes_max: 2", "schema.label.classes_max", .changes),
    ])
  func edits(from old: String, found: [String], to new: String, setting: String, effect: EditEffect) throws {
    var before = try parsed(Self.file(old))
    if before.schema.label.findsClasses { before.schema.label.classes = found }
    let edits = try parsed(Self.file(new)).edits(since: before)
    #expect(edits.map(\.setting) == [setting] && edits.first?.effect == effect, "\(edits)")
  }

  @Test("what was found later is no edit, and another order of what was found is another model's")
  func found() throws {
    func contract(_ names: [String]) throws -> DataContract {
      var pipeline = try parsed(Self.file("classes: auto"))
      pipeline.schema.label.classes = names
      return DataContract(pipeline)
    }
    #expect(try contract(["a"]).edits(to: contract(["a", "b"])).isEmpty)
    let edits = try contract(["a", "b"]).edits(to: contract(["b", "a"]))
    #expect(edits.map(\.effect) == [.changes] && edits[0].setting == "schema.label.classes")
  }
}
