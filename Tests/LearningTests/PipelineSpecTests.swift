import Health
import Learning
import Pipelines
import Tensors
import Testing

@Suite struct `A spec and its pipeline` {
  @Test func `know the same activations`() {
    #expect(Set(ModelSettings.activations) == Set(ActivationKind.allCases.map(\.rawValue)))
  }

  @Test func `name the same layers`() {
    var category = FeatureSettings(name: "c", type: .category)
    (category.buckets, category.dimension) = (16, 4)
    var other = category
    other.name = "d"
    for kind in 0..<3 {
      var model = ModelSettings(task: .binary)
      model.hidden = [8, 4]
      if kind > 0 { (model.crossLayers, model.factorization, model.bilinear, model.wide) = (2, true, true, true) }
      if kind > 1 { model.heads = [HeadSettings(name: "minutes", label: LabelSettings(path: "m"), task: .regression)] }
      let pipeline = Pipeline(
        name: "named", source: SourceSettings(topic: "t"),
        schema: FeatureSchema(
          label: LabelSettings(path: "y"), features: [FeatureSettings(name: "a", type: .float), category, other]),
        model: model, training: TrainingSettings(), checkpoint: CheckpointSettings(), health: HealthSettings(),
        rollout: RolloutSettings(), serving: ServingSettings())
      let layers = Learner(spec: LearnerSpec(pipeline), batchCapacity: 4).takeHealth().map(\.layer)
      #expect(layers.count >= 3 && Set(layers).isSubset(of: pipeline.layerNames), "\(layers), \(pipeline.layerNames)")
    }
  }

  @Test(arguments: Case.all)
  func `make up batches that the learner learns from`(_ item: Case) throws {
    var synthetic = SyntheticBatches(item.spec, seed: 5)
    let learner = Learner(spec: item.spec, batchCapacity: 20)
    for _ in 0..<3 { #expect(try learner.learn(synthetic.next(rows: 20)).isFinite) }
    #expect(learner.step == 3)
  }
}
