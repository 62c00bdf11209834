import Learning
import Tensors
import Testing
import Vocabulary

@Suite struct `The order in which gradients become final` {
  @Test(arguments: Case.all)
  func `covers each value once, and nothing is added to what is final`(_ item: Case) throws {
    var stream = Stream(item.spec)
    let batch = stream.batch(20)
    let learner = Learner(spec: item.spec, batchCapacity: 20)
    let order = learner.gradientOrder
    let gradient = learner.denseGradient
    #expect(order.flatMap { Array($0) }.sorted() == Array(0..<gradient.count))

    learner.predict(batch)
    let plain = learner.backward(batch)
    let expected = Array(gradient)

    // What is final may be written over, and neither the rest nor what is said of the step changes.
    var told: [Int] = []
    var final: [[Float]] = []
    learner.gradientWatch = { stretches in
      told.append(stretches)
      let stretch = order[stretches - 1]
      final.append(Array(gradient[stretch]))
      for index in stretch { gradient[index] = .nan }
    }
    learner.predict(batch)
    let watched = learner.backward(batch)
    #expect(told == Array(1...order.count))
    #expect(gradient.allSatisfy { $0.isNaN }, "what was final has been written again")
    for (stretch, values) in zip(order, final) { #expect(values == Array(expected[stretch])) }
    #expect(watched.isFinite == plain.isFinite && watched.lossSum == plain.lossSum)
  }

  @Test func `is told of the step's own pass only`() {
    let item = Case.all[0]
    var stream = Stream(item.spec)
    let batch = stream.batch(20)
    let learner = Learner(spec: item.spec, batchCapacity: 20)
    var told = 0
    learner.gradientWatch = { _ in told += 1 }
    _ = learner.nonFiniteRows(in: batch)
    #expect(told == 0)
    learner.predict(batch)
    _ = learner.backward(batch)
    #expect(told == learner.gradientOrder.count)
  }
}
