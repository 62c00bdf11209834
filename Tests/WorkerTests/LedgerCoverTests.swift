import Evaluation
import Pipelines
import Registry
import Testing
import Vocabulary
import Worker

@Suite("A ledger that is switched on and off", .serialized)
struct LedgerCoverTests {
  @Test("says of each run whether it recorded its steps, and the audit alarms nobody")
  func switching() async throws {
    let rig = try await ServiceRig.make(records: 2000)
    var record = try await rig.register(workers: 1, until: nil)
    var covered: [ClosedRange<Int64>] = []
    var last: Int64 = 0
    for (number, isOn) in [false, true, false, true].enumerated() {
      record = try await rig.register(workers: 1, until: "steps:\((number + 1) * 20)")
      var pipeline = rig.pipeline
      pipeline.training.ledger = isOn
      let outcome = try await rig.worker("w\(number)", of: pipeline).run()
      #expect(outcome == .finished)
      let step = try #require(try await rig.registry.newestCheckpoint(pipeline: record.id)).step
      if isOn { covered.append(last + 1...step) }
      last = step
    }
    let report = try await rig.registry.audit(pipeline: record.id, ledger: true)
    #expect(report.problems == [], "\(report.problems)")
    let ledger = try #require(report.ledger)
    #expect(
      ledger.covers.map { $0.from...$0.to } == covered && ledger.steps == covered.map { Int64($0.count) }.reduce(0, +))
    #expect(ledger.unrecordedSteps == last - ledger.steps && ledger.steps > 0)
    await rig.close()
  }

  @Test("a worker that keeps none drops the half that a peer handed over, and one that begins does not claim it")
  func handedOver() {
    func entry(_ step: Int64) -> LedgerEntry {
      var share = PartitionShare()
      (share.rows, share.trained, share.from, share.next) = (1, 1, step, step + 1)
      return LedgerEntry(step: step, share: share, trained: 1)
    }
    var state = TrainingState(task: .binary, progress: [])
    state.keep([entry(1)], of: 1)
    state.keep([entry(2)], of: 2)
    #expect(state.ledgerSince == 1 && state.ledger.map(\.step) == [1, 2])
    state.keep(nil, of: 3)
    #expect(state.ledgerSince == nil && state.ledger.isEmpty)
    state.keep([entry(4)], of: 4)
    #expect(state.ledgerSince == 4 && state.ledger.map(\.step) == [4])
  }
}
