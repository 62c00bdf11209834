import Learning
import Testing

@Suite("Biases set back by layer")
struct BiasTests {
  @Test(
    "are 0 for the units that are named alone, with what the optimiser remembers of them; the model goes on learning")
  func units() throws {
    let spec = Case.spec(hidden: [8])
    let learner = Learner(spec: spec, batchCapacity: 16)
    var stream = Stream(spec, seed: 3)
    for _ in 0..<12 { _ = try learner.learn(stream.batch(16)) }
    let before = learner.encodeState()
    #expect(learner.resetBiases(of: "hidden_9", units: [0]) == 0 && learner.encodeState() == before)
    #expect(learner.resetBiases(of: "hidden_1", units: [0, 5, 99, -1]) == 2)
    let after = learner.encodeState()
    #expect(after != before)
    // Nothing is left of them to be set back.
    #expect(learner.resetBiases(of: "hidden_1", units: [0, 5]) == 2 && learner.encodeState() == after)
    _ = try learner.learn(stream.batch(16))
    #expect(learner.encodeState() != after)
  }
}
