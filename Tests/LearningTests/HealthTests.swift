import Foundation
import Health
import Learning
import Tensors
import Testing

@Suite struct `Health of a window` {
  @Test(arguments: Case.all)
  func `counts every output of every step, and parameters and updates as they are`(_ item: Case) throws {
    let learner = Learner(spec: item.spec, batchCapacity: 70)
    var stream = Stream(item.spec)
    _ = learner.takeHealth()
    for _ in 0..<6 { try learner.learn(stream.batch(70)) }
    let layers = learner.takeHealth()
    let names =
      item.spec.hidden.indices.map { "hidden_\($0 + 1)" } + (0..<item.spec.crossLayers).map { "cross_\($0 + 1)" }
      + (item.spec.bilinear ? ["bilinear"] : [])
      + item.spec.heads.flatMap { head in
        // Of rows alone a wide part has no dense weights.
        ["output", "wide"].prefix(item.spec.hasWidePart && !item.spec.numbers.isEmpty ? 2 : 1).map {
          head.name.isEmpty ? $0 : "\($0).\(head.name)"
        }
      }
    #expect(layers.map(\.layer) == names)
    for (index, units) in item.spec.hidden.enumerated() {
      let sketch = layers[index].sketch
      #expect(sketch.count == Int64(6 * 70 * units))
      #expect(sketch.nonFinite == 0)
      #expect(sketch.unitActivity.count == units)
      #expect(sketch.unitActivity.reduce(0, +) == sketch.count - sketch.zeros)
      #expect(sketch.sampled == Int64(6 * 70 / 3 * units))
      #expect(Double(sketch.minimum) <= sketch.mean && sketch.mean <= Double(sketch.maximum))
    }
    for layer in layers {
      #expect(layer.steps == 6)
      #expect(try #require(layer.gradientNorm) > 0)
      #expect(layer.weightNorm > 0)
      #expect(try #require(layer.updateRatio) > 0)
    }
    #expect(learner.takeHealth().allSatisfy { $0.sketch.count == 0 && $0.steps == 0 })
  }

  @Test(arguments: Case.all)
  func `has buckets of the same outputs as all else that it counts`(_ item: Case) throws {
    var spec = item.spec
    spec.histogramEvery = 1
    let learner = Learner(spec: spec, batchCapacity: 40)
    var stream = Stream(spec)
    for _ in 0..<2 { try learner.learn(stream.batch(40)) }
    for layer in learner.takeHealth().prefix(spec.hidden.count) {
      let filled = layer.sketch.buckets.indices.filter { layer.sketch.buckets[$0] > 0 }
      #expect(filled.first == ActivationSketch.bucket(of: layer.sketch.minimum), "\(layer.layer)")
      #expect(filled.last == ActivationSketch.bucket(of: layer.sketch.maximum), "\(layer.layer)")
    }
  }

  @Test func `agrees with a sketch made value by value`() throws {
    // One hidden layer of the identity after known weights is the outputs themselves: compare with a linear model's logits.
    let spec = Case.spec(hidden: [])
    let learner = Learner(spec: spec, batchCapacity: 50)
    var stream = Stream(spec)
    for _ in 0..<3 { try learner.learn(stream.batch(50)) }
    _ = learner.takeHealth()
    let batch = stream.batch(50)
    learner.predict(batch)
    let local = learner.backward(batch)
    var expected = ActivationSketch()
    for output in answers(learner) {
      let p = Double(output)
      expected.add(Float(log(p / (1 - p))), isSampled: false)
    }
    learner.absorbOwn()
    #expect(learner.apply(labelled: local.labelled, lossSum: local.lossSum).isFinite)
    let found = try #require(learner.takeHealth().first { $0.layer == "output" }).sketch
    #expect(found.count == expected.count && found.negatives == expected.negatives)
    #expect(abs(found.sum - expected.sum) < 1e-3)
    #expect(abs(found.maximum - expected.maximum) < 1e-4)
  }

  @Test func `counts a batch once, with the step that it is learned in, however often that is made again`() throws {
    let spec = Case.spec(hidden: [5])
    let learner = Learner(spec: spec, batchCapacity: 40)
    var stream = Stream(spec)
    let batch = stream.batch(40, allLabelled: true)
    var windows: [[LayerHealth]] = []
    for isLearned in [false, false, true] {
      learner.predict(batch)
      let local = learner.backward(batch)
      windows.append(learner.takeHealth())
      guard isLearned else {
        learner.discardStep()
        continue
      }
      learner.absorbOwn()
      #expect(learner.apply(labelled: local.labelled, lossSum: local.lossSum).isFinite)
    }
    #expect(windows.joined().allSatisfy { $0.sketch.count == 0 && $0.steps == 0 })
    let layers = learner.takeHealth()
    #expect(layers[0].sketch.count == 200 && layers[0].sketch.unitActivity.reduce(0, +) > 0)
    #expect(layers.first { $0.layer == "output" }?.sketch.count == 40)
    #expect(layers.allSatisfy { $0.steps == 1 })
  }
}
