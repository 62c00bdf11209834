import Kafka
import Membership
import Pipelines
import Registry
import Telemetry
import TestKit
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

  @Test("a wait has no end while somebody runs what is registered, and is counted anew each time that nobody does")
  func patience() {
    var wait = ContractWait()
    let start = ContinuousClock.now
    #expect(wait.look(isRun: true, now: start) == nil)
    #expect(wait.look(isRun: false, now: start) == .zero)
    #expect(wait.look(isRun: false, now: start + .seconds(299)) == .seconds(299))
    #expect(wait.look(isRun: true, now: start + .seconds(300)) == nil)
    #expect(wait.look(isRun: false, now: start + .seconds(400)) == .zero)
  }

  private func troubles(_ rig: ServiceRig, _ record: PipelineRecord) async throws -> [String: Bool] {
    let incidents = try await rig.registry.incidents(pipeline: record.id, limit: 50)
    return Dictionary(incidents.map { ($0.kind, $0.closedAt == nil) }) { $0 || $1 }
  }

  @Test("where nobody runs what is registered that is an incident, which ends when somebody registers what waits")
  func incident() async throws {
    let rig = try await ServiceRig.make(records: 200)
    let record = try await register(rig, "another", until: nil)
    async let outcome = rig.worker("waits").run()
    #expect(try await eventually { try await troubles(rig, record)["contract_not_run"] == true })
    let incident = try #require(
      try await rig.registry.incidents(pipeline: record.id, limit: 9).first { $0.kind == "contract_not_run" })
    #expect(incident.details.contains("nothing is learned until") && incident.details.contains("'start FILE'"))
    _ = try await register(rig, ContractRecord.fingerprint(of: rig.pipeline.workText), until: "end")
    #expect(try await outcome == .finished)
    #expect(try await troubles(rig, record) == ["contract_not_run": false])
    await rig.close()
  }

  @Test("a worker that waits in vain ends, and says both ways on")
  func inVain() async throws {
    let rig = try await ServiceRig.make(records: 10)
    let record = try await register(rig, "another", until: nil)
    let worker = WorkerService(
      pipeline: rig.pipeline, database: DatabaseLocation(uri: rig.database.uri), brokers: rig.broker.bootstrap,
      memberID: "waits", contractPatience: .seconds(1),
      logger: Logger(label: "waits", level: .error, sink: .standardError(.text)))
    let error = await #expect(throws: WorkerError.self) { try await worker.run() }
    let text = String(describing: error)
    #expect(text.contains("waited in vain") && text.contains("the 'start' that registered it"), "\(text)")
    #expect(text.contains("'start FILE' with this worker's"))
    #expect(try await rig.registry.members(pipeline: record.id).isEmpty)
    await rig.close()
  }
}
