import Pipelines
import Testing

@Suite("model: auto")
struct RecipeSettingsTests {
  private static let head = """
    name: small
    source: { topic: small }
    schema:
      label: { path: y }
      features: [{ name: a, type: float }, { name: c, type: category }]

    """

  private func parse(_ rest: String, label: String? = nil) throws -> Pipeline {
    let head = label.map { Self.head.replacing("{ path: y }", with: $0) } ?? Self.head
    return try PipelineParser.parse(text: head + rest, fileName: "small.yaml") { _ in nil }
  }

  private func mistakes(_ rest: String, label: String? = nil) -> [String] {
    do {
      _ = try parse(rest, label: label)
      return []
    } catch { return (error as? PipelineMistakes)?.mistakes.map(\.problem) ?? ["\(error)"] }
  }

  @Test("is what a file has that says nothing of its model, and what `auto` says", arguments: ["", "model: auto\n"])
  func automatic(rest: String) throws {
    let pipeline = try parse(rest)
    #expect(pipeline.model.preset == .best && pipeline.model.task == .binary)
    #expect(pipeline.training.recordsPerStep == TrainingSettings.recipeRecordsPerStep)
    #expect(pipeline.training.workers == 1 && pipeline.checkpoint.everySteps == 100_000)
    #expect(try parse(rest + "training: { workers: 3 }\n").training.workers == 3)
  }

  @Test("leaves a file as it is that describes its network")
  func networks() throws {
    let pipeline = try parse("model: { task: regression }\n")
    #expect(pipeline.model.preset == nil && pipeline.training.recordsPerStep == nil)
    #expect(mistakes("model: { hidden: [8] }\n") == ["model lacks the key `task`"])
  }

  @Test("takes its task from the label where nobody says it")
  func tasks() throws {
    for (label, task) in [
      ("{ path: y, classes: [no, yes] }", ModelSettings.Task.binary), ("{ path: y, classes: [a, b, c] }", .multiclass),
      ("{ path: y, classes: auto }", .multiclass), ("{ path: y, clip: [0, 100] }", .regression),
    ] {
      #expect(try parse("model: auto\n", label: label).model.task == task)
    }
    #expect(try parse("model: { preset: fast, task: regression }\n").model.task == .regression)
  }

  @Test("says so where a setting would do nothing beside it")
  func idle() {
    #expect(
      mistakes("model: { preset: fast, hidden: [8], seed: 3 }\n") == [
        "`hidden` means nothing for a model that brings its settings itself"
      ])
    #expect(
      mistakes("model: auto\ntraining: { optimizer: { kind: sgd }, clip_value: 1 }\n") == [
        "`optimizer` means nothing for a model that brings its optimisers itself",
        "`clip_value` means nothing for a model that brings its optimisers itself",
      ])
    #expect(mistakes("model: fast\n").count == 1)
    #expect(
      mistakes("model: auto\n", label: "{ path: y, classes: auto, classes_max: 100 }") == [
        "`model: auto` knows 64 classes at most, not 100"
      ])
  }

  @Test("is written out so that it reads back as the same pipeline")
  func effective() throws {
    for rest in ["", "model: { preset: fast, task: regression }\ntraining: { records_per_step: 4 }\n"] {
      let pipeline = try parse(rest)
      let again = try PipelineParser.parse(text: pipeline.effectiveYAML, fileName: "again") { _ in nil }
      #expect(again == pipeline)
      #expect(!pipeline.effectiveYAML.contains("hidden") && !pipeline.effectiveYAML.contains("optimizer"))
    }
  }

  @Test("keeps a small step that the file gives")
  func steps() throws {
    #expect(try parse("model: auto\ntraining: { records_per_partition: 3 }\n").training.recordsPerStep == nil)
    #expect(try parse("model: auto\ntraining: { records_per_step: 5 }\n").training.recordsPerStep == 5)
  }

  @Test("is another model than a network, for weights that were learned; its presets share members")
  func edits() throws {
    let (best, fast) = (try parse("model: auto\n"), try parse("model: { preset: fast }\n"))
    let network = try parse("model: { task: binary }\n")
    func effects(_ old: Pipeline, _ new: Pipeline) -> [EditEffect] {
      DataContract(old).edits(to: DataContract(new)).map(\.effect)
    }
    #expect(effects(network, best).contains(.changes) && effects(best, network).contains(.changes))
    #expect(effects(best, fast) == [.extends])
    #expect(try DataContract(text: DataContract(best).text) == DataContract(best))
  }
}
