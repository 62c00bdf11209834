import Foundation
import Registry
import Rollouts
import Testing

@Suite("While a person has frozen promotion")
struct FreezeTests {
  @Test("candidates are judged and wait, rollbacks go on, and what waits is promoted at its time")
  func waits() async throws {
    let rig = try await ControllerRig.make()
    try await rig.save(step: 1, probability: 0.8)
    try await rig.judge()
    try await rig.save(step: 2, probability: 0.85, difference: -0.1, comparedWith: 1)
    try await rig.judge()
    #expect(try await rig.states() == [.retired, .stable])
    try await rig.registry.begin(
      Freeze(reason: "a holiday", by: "ada", since: .now, until: .now.addingTimeInterval(3600)),
      pipeline: rig.pipelineID)
    try await rig.save(step: 3, probability: 0.9, difference: -0.1, comparedWith: 2)
    try await rig.judge()
    #expect(try await rig.states() == [.retired, .stable, .validated])
    #expect(try await rig.troubles() == ["promotion_frozen notice"])
    var report = ServerReport(id: "s", address: "127.0.0.1", port: 1)
    report.outputs = [2: ServerReport.Outputs(requests: 10, nonFinite: 1)]
    try await rig.registry.reportServer(pipeline: rig.pipelineID, report)
    try await rig.judge()
    #expect(try await rig.states() == [.stable, .rolledBack, .validated])
    // It has kept its place: what comes is asked of it, not of a newer one.
    try await rig.save(step: 4, probability: 0.9, difference: -0.1, comparedWith: 1, of: 3)
    try rig.change("UPDATE freezes SET until = now() - interval '1 second'")
    try await rig.judge()
    #expect(try await rig.states() == [.retired, .rolledBack, .stable])
    #expect(try await rig.troubles().isEmpty)
    await rig.registry.close()
  }
}
