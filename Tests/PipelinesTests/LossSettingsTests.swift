import Pipelines
import Testing

@Suite("Losses and heads of a pipeline")
struct LossSettingsTests {
  @Test("every key is read into its setting")
  func everyKey() throws {
    let model = try parsed(FixtureFiles.text("full.yaml")).model
    #expect(model.loss == LossSettings(kind: .crossEntropy))
    #expect(model.labelSmoothing == 0.1)
    #expect(model.classWeights == [1, 2.5, 0])
    #expect(model.temperature == .learned)
    #expect(model.heads.map(\.name) == ["minutes", "p90", "is_cancelled", "reason", "bags"])
    #expect(model.heads[0].loss?.kind == .huber)
    #expect(model.heads[0].loss?.delta == 15)
    #expect(model.heads[0].weight == 0.25)
    #expect(model.heads[1].loss?.level == 0.9)
    #expect(model.heads[2].loss?.gamma == 1.5)
    #expect(model.heads[2].temperature == .fixed(1.5))
    #expect(model.heads[3].label == LabelSettings(path: "y.reason", classes: ["weather", "crew"]))
    #expect(model.heads[3].outputCount == 2)
    #expect(model.heads[4].effectiveLoss.kind == .poisson)
  }

  @Test("the primary head comes first, with the label of the schema and the name of the output")
  func primary() throws {
    let pipeline = try parsed(FixtureFiles.text("full.yaml"))
    #expect(pipeline.heads.map(\.name) == ["probabilities", "minutes", "p90", "is_cancelled", "reason", "bags"])
    #expect(pipeline.heads[0].label == pipeline.schema.label)
    #expect(pipeline.heads[0].temperature == .learned)
    #expect(pipeline.heads[0].weight == 1)
  }

  @Test(
    "a name alone stands for a loss with its usual constants, and shows them",
    arguments: [
      ("huber", "    kind: huber\n    delta: 1\n"), ("quantile", "    kind: quantile\n    level: 0.5\n"),
      ("poisson", "    kind: poisson\n"), ("squared", "    kind: squared\n"),
    ])
  func shortForm(name: String, shown: String) throws {
    let text = minimal(rest: "  loss: \(name)").replacing("task: binary", with: "task: regression")
    let pipeline = try parsed(text)
    #expect(pipeline.model.loss?.kind.rawValue == name)
    #expect(pipeline.effectiveYAML.contains("  loss:\n\(shown)"))
    #expect(try parsed(pipeline.effectiveYAML) == pipeline)
  }

  @Test("without a loss, classes have cross-entropy and values squared error")
  func defaults() throws {
    #expect(try parsed(minimal()).model.effectiveLoss == LossSettings(kind: .crossEntropy))
    let values = minimal().replacing("task: binary", with: "task: regression")
    #expect(try parsed(values).model.effectiveLoss == LossSettings(kind: .squared))
  }
}
