import Foundation
import Pipelines
import Registry
import Rollouts
import Testing
import Vocabulary

@Suite("A canary before the controller")
struct CanaryStepTests {
  private func rig(hold: Duration, coolDown: Duration = .zero) async throws -> ControllerRig {
    var rig = try await ControllerRig.make()
    (rig.pipeline.rollout.canary, rig.pipeline.rollout.hold) = ([0.05, 0.25], hold)
    rig.pipeline.rollout.coolDown = coolDown
    try await rig.save(step: 1, probability: 0.8)
    try await rig.judge()
    #expect(try await rig.states() == [.stable])
    try await rig.save(step: 2, probability: 0.85, difference: -0.1, comparedWith: 1)
    try await rig.judge()
    return rig
  }

  @Test("gets one share after the other, each a row of the journal with the share, and is stable at last")
  func steps() async throws {
    let rig = try await rig(hold: .zero)
    #expect(try await rig.states() == [.retired, .stable])
    let journal = try await rig.registry.decisions(pipeline: rig.pipelineID, version: 2, limit: 10)
    #expect(journal.map(\.share) == [nil, 0.25, 0.05, nil])
    #expect(journal.map(\.rule) == ["paired_loss", "canary_step", "paired_loss", "paired_loss"])
    #expect(journal[1].reason.hasPrefix("Version 2 gets 25 % of live requests: it is as good as version 1 or better"))
    await rig.registry.close()
  }

  @Test("is held at its share for its time, as the tables have it, whichever controller looks")
  func held() async throws {
    let rig = try await rig(hold: .seconds(3600))
    func share() async throws -> Double? { try await rig.registry.version(2, pipeline: rig.pipelineID)?.share }
    #expect(try await share() == 0.05)
    try await rig.judge()
    #expect(try await share() == 0.05)
    try rig.change("UPDATE versions SET shared_since = shared_since - interval '1 hour'")
    try await rig.judge()
    #expect(try await share() == 0.25)
    try await rig.judge()
    #expect(try await share() == 0.25)
    await rig.registry.close()
  }

  @Test("one that gave a bad number is rolled back, and nothing follows it until the cool-down is over")
  func coolDown() async throws {
    let rig = try await rig(hold: .zero, coolDown: .seconds(3600))
    var report = ServerReport(id: "s", address: "127.0.0.1", port: 1)
    report.outputs = [2: ServerReport.Outputs(requests: 10, nonFinite: 1)]
    try await rig.registry.reportServer(pipeline: rig.pipelineID, report)
    try await rig.judge()
    try await rig.save(step: 3, probability: 0.9, difference: -0.1, comparedWith: 1)
    try await rig.judge()
    #expect(try await rig.states() == [.stable, .rolledBack, .validated])
    try rig.change("UPDATE versions SET since = since - interval '1 hour' WHERE state = 'rolled_back'")
    try await rig.judge()
    #expect(try await rig.states() == [.retired, .rolledBack, .stable])
    await rig.registry.close()
  }
}
