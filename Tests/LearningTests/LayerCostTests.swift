import Health
import Learning
import Tensors
import Testing

@Suite("What layers cost")
struct LayerCostTests {
  private func costs(of spec: LearnerSpec, steps: Int) throws -> (first: [LayerCost], second: [LayerCost]) {
    let learner = Learner(spec: spec, batchCapacity: 40)
    var stream = Stream(spec)
    func window() throws -> [LayerCost] {
      for _ in 0..<steps { try learner.learn(stream.batch(40)) }
      return learner.takeCosts()
    }
    return (try window(), try window())
  }

  @Test("one step of 64 is timed, unless others had the processor meanwhile, and all layers are, with their memory")
  func sample() throws {
    let (first, second) = try costs(of: Case.spec(hidden: [19, 6]), steps: 640)
    for window in [first, second] {
      let hidden = window.filter { $0.layer.hasPrefix("hidden") }
      #expect(hidden.map(\.layer) == ["hidden_1", "hidden_2"])
      #expect(Set(window.map(\.layer)).isSuperset(of: ["input", "output", "embeddings", "all layers"]))
      // Ten steps of each window are of the sample.
      for layer in hidden {
        #expect((1...10).contains(layer.steps) && layer.forward > 0 && layer.backward > 0 && layer.update > 0)
        #expect(layer.elementwise > 0 && layer.elementwise < layer.forward + layer.backward)
      }
      // Values and the gradients by them, of 40 rows at least; rows are padded.
      #expect(hidden[0].activationBytes >= 2 * 4 * 40 * 19 && hidden[0].activationBytes < 8 * 4 * 40 * 32)
      #expect(hidden[1].activationBytes < hidden[0].activationBytes)
    }
    #expect(first.map(\.layer) == second.map(\.layer))
  }

  @Test("a dear activation in a wide layer behind a narrow one takes time beside the products, a wide ReLU does not")
  func activation() throws {
    func share(_ activation: ActivationKind) throws -> Double {
      let (_, costs) = try costs(of: Case.spec(hidden: [8, 4096], activation: activation), steps: 256)
      let layer = try #require(costs.first { $0.layer == "hidden_2" })
      return Double(layer.elementwise) / Double(max(1, costs.nanoseconds))
    }
    let (dear, cheap) = (try share(.softmax), try share(.relu))
    print("softmax \(dear), ReLU \(cheap)")
    #expect(dear > 0.25 && cheap < 0.25)
  }

  @Test("the bits that are learned are the same, whether steps are timed and tensors looked at or not")
  func bits() throws {
    let spec = Case.spec()
    let (one, other) = (Learner(spec: spec, batchCapacity: 40), Learner(spec: spec, batchCapacity: 40))
    other.countsHealth = false
    for learner in [one, other] {
      var stream = Stream(spec)
      for _ in 0..<70 { try learner.learn(stream.batch(40)) }
      _ = learner.takeHealth()
      for _ in 0..<70 { try learner.learn(stream.batch(40)) }
    }
    #expect(one.encodeState() == other.encodeState())
    #expect(one.takeCosts().contains { $0.steps > 0 } && other.takeCosts().allSatisfy { $0.steps == 0 })
  }

  @Test("a step that is discarded is not counted")
  func discarded() throws {
    let spec = Case.spec()
    let learner = Learner(spec: spec, batchCapacity: 40)
    var stream = Stream(spec)
    // The first step is of the sample.
    let batch = stream.batch(40)
    learner.predict(batch)
    _ = learner.backward(batch)
    learner.discardStep()
    #expect(learner.takeCosts().allSatisfy { $0.steps == 0 && $0.nanoseconds == 0 })
  }
}
