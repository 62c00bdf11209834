import Membership
import Pipelines
import Registry
import Testing
import Vocabulary
import Worker

@Suite("A worker with another contract than its group", .serialized)
struct WorkerStandingTests {
  private func standing(
    _ registered: String?, lineage: Bool = true, text: Bool = true, worked: Bool = false
  ) -> WorkerStanding {
    WorkerStanding(registered: registered, own: "own", isOfLineage: lineage, isOfText: text, hasWorked: worked)
  }

  @Test("waits where a new process would have none other either, and ends where it would, or has worked")
  func rule() {
    #expect(standing("own") == .meant && standing(nil) == .meant && standing("own", worked: true) == .meant)
    #expect(standing("other") == .waits)
    #expect(standing("other", text: false) == .replaced)
    #expect(standing("other", worked: true) == .replaced)
    #expect(standing("own", lineage: false) == .replaced && standing("other", lineage: false) == .replaced)
    // Another text of the same meaning is none of its business.
    #expect(standing("own", text: false) == .meant)
  }

  private func register(_ rig: ServiceRig, _ work: String, until: String?) async throws -> PipelineRecord {
    try await rig.registry.register(
      pipeline: rig.pipeline.name, specification: "name: small", desiredWorkers: 1, until: until, workFingerprint: work)
  }

  /// Looks until something is so, for at most half a minute.
  private func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    let deadline = Deadline.after(.seconds(30))
    while !deadline.hasPassed {
      if try await condition() { return true }
    }
    return false
  }

  @Test("waits, says for what, and takes over when the group runs its own; nothing is learned twice")
  func takesOver() async throws {
    let rig = try await ServiceRig.make(records: 2000)
    var old = rig.pipeline
    old.training.optimizer.learningRate *= 2
    let (before, after) = (
      ContractRecord.fingerprint(of: old.workText), ContractRecord.fingerprint(of: rig.pipeline.workText)
    )
    #expect(before != after)
    let record = try await register(rig, before, until: nil)
    // A group at work, and one of the coming contract beside it.
    let first = Task { [old] in try await rig.worker("old", of: old).run() }
    #expect(try await eventually { try await rig.registry.newestCheckpoint(pipeline: record.id) != nil })
    async let second = rig.worker("new").run()
    #expect(
      try await eventually {
        let members = try await rig.registry.members(pipeline: record.id)
        return members.first { $0.facts.id == "new" }?.status?.troubles?.contains {
          $0.contains(before.prefix(12)) && $0.contains(after.prefix(12))
        } ?? false
      })
    #expect(try await rig.registry.currentPlan(pipeline: record.id)?.members.map(\.id) == ["old"])
    _ = try await register(rig, after, until: "end")
    await #expect(throws: WorkerError.self) { try await first.value }
    #expect(try await second == .finished)
    #expect(try await rig.registry.currentPlan(pipeline: record.id)?.members.map(\.id) == ["new"])
    let audit = try await rig.registry.audit(pipeline: record.id, checkpoint: nil, version: nil, ledger: false)
    #expect(audit.consumed == 2000 && audit.problems.isEmpty, "\(audit.problems)")
    await rig.close()
  }

  @Test("ends at once when it is asked to while it waits")
  func stops() async throws {
    let rig = try await ServiceRig.make(records: 10)
    let record = try await register(rig, "another", until: nil)
    let worker = rig.worker("waits")
    async let outcome = worker.run()
    #expect(
      try await eventually {
        try await rig.registry.members(pipeline: record.id).contains { $0.status?.state == "waiting" }
      })
    worker.requestStop()
    #expect(try await outcome == .stopped)
    #expect(try await rig.registry.members(pipeline: record.id).isEmpty)
    await rig.close()
  }
}
