import Confinement
import Controller
import Evaluation
import Foundation
import Health
import Membership
import Pipelines
import Registry
import Rollouts
import Telemetry
import TestKit
import Testing
import Vocabulary

@Suite("Controller service")
struct ControllerServiceTests {
  @Test("the first checkpoint that beats a constant becomes the stable version, with its evidence in the journal")
  func firstVersion() async throws {
    let rig = try await ControllerRig.make()
    let checkpoint = try await rig.save(step: 1, probability: 0.8)
    try await rig.judge()
    let versions = try await rig.registry.versions(pipeline: rig.pipelineID)
    #expect(versions.map(\.state) == [.stable])
    #expect(versions.map(\.checkpoint) == [checkpoint])
    let decisions = try await rig.registry.decisions(pipeline: rig.pipelineID, limit: 10)
    #expect(decisions.map(\.to) == [.stable, .validated])
    #expect(decisions.allSatisfy { $0.evidence.contains("priorLoss") && !$0.reason.isEmpty })
    await rig.registry.close()
  }

  @Test("its metrics say what the tables hold, and the numbers that a candidate's verdict rests on")
  func metrics() async throws {
    let rig = try await ControllerRig.make()
    try await rig.save(step: 1, probability: 0.8)
    try await rig.judge()
    try await rig.registry.openTrouble(
      pipeline: rig.pipelineID, IncidentDraft(key: "k", kind: "disk_full", severity: .error))
    // Neither better nor worse by as much as would decide.
    try await rig.save(step: 2, probability: 0.8, difference: 0.005, comparedWith: 1)
    let metrics = MetricsRegistry()
    let service = rig.controller("shown", metrics: metrics, at: HostPort(host: "127.0.0.1", port: 9))
    #expect(!service.isReady)
    service.requestStop()
    try await service.run()
    #expect(service.isReady)
    let text = metrics.prometheusText()
    for line in [
      #"retrain_controller_lease_held{pipeline="judged"} 1"#,
      #"retrain_controller_pass_duration_seconds_count{pipeline="judged"} 1"#,
      #"retrain_decisions_total{pipeline="judged",rule="beats_prior"} 2"#,
      #"retrain_desired_state{pipeline="judged",state="running"} 1"#,
      #"retrain_incidents_total{kind="disk_full",pipeline="judged"} 1"#,
      #"retrain_open_incidents{kind="disk_full",pipeline="judged"} 1"#,
      #"retrain_stable_version{pipeline="judged"} 1"#,
      #"retrain_versions{pipeline="judged",state="stable"} 1"#,
      #"retrain_versions{pipeline="judged",state="candidate"} 1"#,
      #"retrain_alerts_failing_seconds{pipeline="judged"} 0"#,
      #"retrain_convergence_steps{pipeline="judged"} 1"#,
      #"retrain_convergence_records{pipeline="judged"} 2000"#,
      #"retrain_candidate_pairs{pipeline="judged",version="2"} 5000"#,
      #"retrain_candidate_verdict{kind="inconclusive",pipeline="judged",version="2"} 1"#,
      #"retrain_candidate_loss_tolerance{pipeline="judged",version="2"} 0.005"#,
    ] { #expect(text.contains("\n" + line + "\n"), "\(line)") }
    #expect(text.contains("retrain_candidate_loss_difference_upper{"))
    #expect(text.contains("retrain_stable_version_age_seconds{"))
    #expect(try await rig.registry.controllers(pipeline: rig.pipelineID).isEmpty, "it has taken itself out")
    await rig.registry.close()
  }

  @Test("a checkpoint with too few tested records is not even proposed")
  func tooFew() async throws {
    let rig = try await ControllerRig.make()
    try await rig.save(step: 1, probability: 0.8, records: 499)
    try await rig.judge()
    #expect(try await rig.states().isEmpty)
    await rig.registry.close()
  }

  @Test("a checkpoint that is worse than a constant is rejected")
  func worseThanConstant() async throws {
    let rig = try await ControllerRig.make()
    try await rig.save(step: 1, probability: 0.2)
    try await rig.judge()
    #expect(try await rig.states() == [.rejected])
    await rig.registry.close()
  }

  @Test("a better candidate takes the stable version's place; a worse one is rejected and the stable one stays")
  func successors() async throws {
    let rig = try await ControllerRig.make()
    try await rig.save(step: 1, probability: 0.8)
    try await rig.judge()
    try await rig.save(step: 2, probability: 0.8, difference: 0.2, comparedWith: 1)
    try await rig.judge()
    #expect(try await rig.states() == [.stable, .rejected])
    try await rig.save(step: 3, probability: 0.85, difference: -0.1, comparedWith: 1)
    try await rig.judge()
    #expect(try await rig.states() == [.retired, .rejected, .stable])
    await rig.registry.close()
  }

  @Test("a candidate with a non-finite parameter is rejected whatever its loss")
  func nonFiniteParameter() async throws {
    let rig = try await ControllerRig.make()
    try await rig.save(step: 1, probability: 0.9, nonFinite: "hidden_1")
    try await rig.judge()
    // Such a checkpoint is no resumable state, so nobody may even propose it.
    #expect(try await rig.states().allSatisfy { $0 == .rejected })
    await rig.registry.close()
  }

  @Test("a stable version that would have given a non-finite reply is rolled back to the one before")
  func nonFiniteReply() async throws {
    let rig = try await ControllerRig.make()
    try await rig.save(step: 1, probability: 0.8)
    try await rig.judge()
    try await rig.save(step: 2, probability: 0.85, difference: -0.1, comparedWith: 1)
    try await rig.judge()
    #expect(try await rig.states() == [.retired, .stable])
    var report = ServerReport(id: "s", address: "127.0.0.1", port: 1)
    report.outputs = [2: ServerReport.Outputs(requests: 10, nonFinite: 1)]
    try await rig.registry.reportServer(pipeline: rig.pipelineID, report)
    try await rig.judge()
    #expect(try await rig.states() == [.stable, .rolledBack])
    let newest = try await rig.registry.decisions(pipeline: rig.pipelineID, limit: 2)
    #expect(newest.contains { $0.to == .rolledBack && $0.rule == "non_finite" })
    await rig.registry.close()
  }

  @Test("while one controller holds the lease another decides nothing, and takes over once it is given up")
  func lease() async throws {
    let rig = try await ControllerRig.make()
    let held = try #require(
      try await rig.registry.acquireLease(pipeline: rig.pipelineID, holder: "other", ttl: .seconds(60)))
    try await rig.save(step: 1, probability: 0.8)
    try await rig.judge()
    #expect(try await rig.states().isEmpty)
    try await rig.registry.release(held)
    try await rig.judge()
    #expect(try await rig.states() == [.stable])
    await rig.registry.close()
  }
}
