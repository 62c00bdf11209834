import Registry
import Testing
import Vocabulary

@Suite("Steps to make again")
struct StepsAgainTests {
  private func progress(_ next: Int64) -> [PartitionProgress] {
    [PartitionProgress(partition: 0, startOffset: 0, nextOffset: next, trained: next)]
  }

  private func ranges(_ steps: ClosedRange<Int64>) -> [StepRange] {
    steps.map { StepRange(step: $0, partition: 0, from: ($0 - 1) * 10, next: $0 * 10, trained: 10, rejected: 0) }
  }

  private func decisions(_ steps: ClosedRange<Int64>) -> [StepDecision] {
    steps.map {
      StepDecision(
        step: $0, isApplied: true, records: 10, weight: 10, lossSum: 1, learningRate: 0.1, gradientNorm: 1,
        wasClipped: false)
    }
  }

  @Test("the nearest state is the newest before a step, else the oldest after it; what the ledger has of steps is said")
  func nearest() async throws {
    let fixture = try await RegistryFixture.make()
    let generation = try await fixture.form("a").generation
    var parent: Int64?
    var numbers: [Int64] = []
    for steps in [Int64(1)...4, 5...9, 10...12] {
      var draft = fixture.draft(
        generation, step: steps.upperBound, parent: parent, progress: progress(steps.upperBound * 10))
      (draft.ledger, draft.decisions) = (ranges(steps), decisions(steps))
      let id = try await fixture.registry.saveCheckpoint(draft)
      numbers.append(id)
      parent = id
    }
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    func near(_ step: Int64) async throws -> Int64? {
      try await registry.checkpoint(pipeline: pipeline, lineage: 0, near: step)?.id
    }
    var found: [Int64?] = []
    for step in [Int64(9), 11, 100] { found.append(try await near(step)) }
    #expect(found == [numbers[1], numbers[1], numbers[2]])
    #expect(try await near(2) == numbers[0], "the oldest after it, where none is before")
    #expect(try await registry.checkpoint(pipeline: pipeline, lineage: 1, near: 9) == nil)

    let steps = try await registry.recordedSteps(pipeline: pipeline, lineage: 0, steps: 4...11)
    #expect(steps.isWhole && steps.ranges == ranges(4...11) && Set(steps.decisions.keys) == Set(4...11))
    let beyond = try await registry.recordedSteps(pipeline: pipeline, lineage: 0, steps: 11...14)
    #expect(!beyond.isWhole && beyond.ranges == ranges(11...12))

    func open(_ kind: String, key: String, details: String = "{}") async throws -> Int64 {
      try await registry.openIncident(
        pipeline: pipeline, IncidentDraft(key: key, kind: kind, severity: .notice, details: details))
    }
    let first = try await open("x", key: "a")
    _ = try await open("lineage_begun", key: "lineage 3")
    let later = try await open("x", key: "b")
    let saying = try await open("x", key: "c", details: IncidentDraft.details(["lineage": "2"]))
    var lineages: [Int?] = []
    for id in [first, later, saying, saying + 1] { lineages.append(try await registry.lineage(ofIncident: id)) }
    #expect(lineages == [0, 3, 2, nil])
    await registry.close()
  }
}
