import Learning
import Tensors
import Testing

@Suite struct `A discarded step` {
  @Test func `adds nothing to the sums of a rank that then has no records`() throws {
    let spec = Case.spec(activation: .relu, wide: true)
    var stream = Stream(spec)
    let learner = Learner(spec: spec, batchCapacity: 12)
    try learner.learn(stream.batch(12, allLabelled: true))
    #expect(learner.denseGradient.contains { $0 != 0 })
    learner.discardStep()
    #expect(learner.denseGradient.allSatisfy { $0 == 0 })
    var attachment: [UInt8] = []
    learner.appendAttachment(to: &attachment)
    var untouched: [UInt8] = []
    Learner(spec: spec, batchCapacity: 12).appendAttachment(to: &untouched)
    #expect(attachment == untouched)
  }
}
