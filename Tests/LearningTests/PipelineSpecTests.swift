import Learning
import Pipelines
import Tensors
import Testing

@Suite struct `A spec and its pipeline` {
  @Test func `know the same activations`() {
    #expect(Set(ModelSettings.activations) == Set(ActivationKind.allCases.map(\.rawValue)))
  }

  @Test(arguments: Case.all)
  func `make up batches that the learner learns from`(_ item: Case) throws {
    var synthetic = SyntheticBatches(item.spec, seed: 5)
    let learner = Learner(spec: item.spec, batchCapacity: 20)
    for _ in 0..<3 { #expect(try learner.learn(synthetic.next(rows: 20)).isFinite) }
    #expect(learner.step == 3)
  }
}
