import Registry
import Testing
import Vocabulary

@Suite("Step decisions")
struct StepDecisionTests {
  @Test("come back as they were saved, also of a step whose numbers were none, and go with their checkpoint")
  func saved() async throws {
    let fixture = try await RegistryFixture.make()
    let generation = try await fixture.form("a").generation
    var draft = fixture.draft(
      generation, step: 2, parent: nil,
      progress: [PartitionProgress(partition: 0, startOffset: 0, nextOffset: 20, trained: 20)])
    let skips = [
      StepSkip(partition: 0, offset: 11, reason: .nonFinite), StepSkip(partition: 3, offset: 2, reason: .badLabel),
    ]
    let first = StepDecision(
      step: 1, isApplied: true, records: 9, weight: 8.5, lossSum: 1.0 / 3, learningRate: 0.1, gradientNorm: 2e-7,
      wasClipped: true)
    let second = StepDecision(
      step: 2, isApplied: false, records: 10, weight: 10, lossSum: .infinity, learningRate: 0, gradientNorm: .nan,
      wasClipped: false, skips: skips)
    draft.decisions = [first, second]
    let id = try await fixture.registry.saveCheckpoint(draft)
    let read = try await fixture.registry.decisions(ofCheckpoint: id)
    #expect(read.count == 2 && read[0] == first)
    #expect(read[1].skips == skips && !read[1].isApplied && read[1].lossSum.isNaN && read[1].gradientNorm.isNaN)
    #expect(read[1].records == 10 && read[1].weight == 10)
    #expect(try await fixture.registry.decisions(ofCheckpoint: id + 1).isEmpty)
    await fixture.registry.close()
  }
}
