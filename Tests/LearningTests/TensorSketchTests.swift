import Health
import Learning
import Tensors
import Testing

@Suite("Sketches of tensors")
struct TensorSketchTests {
  private func values(_ learner: Learner, of layer: String) -> [Float] {
    var values: [Float] = []
    learner.network.layout.forEachParameter { name, index in
      if name == layer { values.append(learner.network.parameters[index]) }
    }
    return values
  }

  private func sketch(_ values: [Float]) -> ActivationSketch {
    var sketch = ActivationSketch()
    for value in values { sketch.add(value, isSampled: true) }
    return sketch
  }

  /// All but the sums, which kernels add in another order.
  private func isSame(_ one: ActivationSketch, _ other: ActivationSketch) -> Bool {
    one.count == other.count && one.zeros == other.zeros && one.negatives == other.negatives
      && one.nonFinite == other.nonFinite && one.minimum == other.minimum && one.maximum == other.maximum
      && one.buckets == other.buckets && abs(one.sum - other.sum) <= 1e-4 * (1 + other.sumOfSquares)
  }

  @Test("an update is what the step added to the weights, which are those at the end of the window")
  func update() throws {
    let learner = Learner(spec: Case.spec(hidden: [19, 6]), batchCapacity: 40)
    var stream = Stream(learner.spec)
    let before = ["hidden_1", "hidden_2", "output"].map { values(learner, of: $0) }
    try learner.learn(stream.batch(40))
    let health = learner.takeHealth()
    for (layer, weights) in zip(["hidden_1", "hidden_2", "output"], before) {
      let tensors = try #require(health.first { $0.layer == layer }?.tensors)
      let now = values(learner, of: layer)
      #expect(isSame(tensors.weights, sketch(now)), "\(layer)")
      #expect(isSame(tensors.updates, sketch(zip(now, weights).map { $0 - $1 })), "\(layer)")
      #expect(tensors.gradients.count == Int64(now.count) && tensors.gradients.nonFinite == 0)
      #expect(tensors.gradients.zeros < tensors.gradients.count)
    }
  }

  @Test("one step of 64 is looked at, by all of its rows, and what was not learned is not counted")
  func steps() throws {
    let learner = Learner(spec: Case.spec(hidden: [19, 6]), batchCapacity: 40)
    var stream = Stream(learner.spec)
    // Nobody applies it.
    learner.predict(stream.batch(40))
    learner.discardStep()
    for step in 0..<130 { try learner.learn(stream.batch(step % 2 == 0 ? 40 : 7)) }
    let first = try #require(learner.takeHealth().first { $0.layer == "hidden_1" })
    let tensors = try #require(first.tensors)
    let weights = Int64(values(learner, of: "hidden_1").count)
    // Steps 0, 64 and 128.
    #expect(tensors.inputs.count == 3 * 40 * 19 && tensors.inputs.sampled == tensors.inputs.count)
    #expect(tensors.gradients.count == 3 * weights && tensors.updates.count == 3 * weights)
    #expect(tensors.weights.count == weights)
    let second = try #require(learner.takeHealth().first { $0.layer == "hidden_1" }?.tensors)
    #expect(second.gradients.count == 0 && second.inputs.count == 0 && second.weights.count == weights)
  }
}
