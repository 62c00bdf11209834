import Controller
import Foundation
import Pipelines
import Registry
import Rollouts
import Testing
import Vocabulary

@Suite("Live requests before the controller")
struct ServingWatchTests {
  private static let slo: ObjectiveSettings = {
    var slo = ObjectiveSettings()
    slo.availability = 0.999
    return slo
  }()

  /// Version 1 confirmed and retired, version 2 stable since some minutes.
  private func rig(_ slo: ObjectiveSettings = slo) async throws -> ControllerRig {
    var rig = try await ControllerRig.make()
    rig.pipeline.rollout.slo = slo
    try await rig.save(step: 1, probability: 0.8)
    try await rig.judge()
    try await rig.save(step: 2, probability: 0.85, difference: -0.1, comparedWith: 1)
    try await rig.judge()
    #expect(try await rig.states() == [.retired, .stable])
    try rig.change(
      "UPDATE versions SET since = now() - interval '10 minutes', shared_since = now() - interval '10 minutes'")
    return rig
  }

  private func remember(_ rig: ControllerRig, version: Int64, minutes: Range<Int>, failed: Int64) async throws {
    let samples = minutes.map { minute in
      ServingSample(
        at: .now.addingTimeInterval(-60 * Double(minute) - 30), version: version,
        counts: ServingCounts(requests: 1000, failed: failed))
    }
    try await rig.registry.add(samples, pipeline: rig.pipelineID, forgetBefore: .distantPast)
  }

  @Test(
    "a version that answers worse than the one before is rolled back, and the page is over when answers are good again")
  func rollback() async throws {
    let rig = try await rig()
    try await remember(rig, version: 1, minutes: 11..<70, failed: 0)
    try await remember(rig, version: 2, minutes: 0..<9, failed: 100)
    try await rig.judge()
    #expect(try await rig.states() == [.stable, .rolledBack])
    #expect(try await rig.troubles() == ["slo_page error"])
    let decision = try #require(
      try await rig.registry.decisions(pipeline: rig.pipelineID, limit: 2).first { $0.to == .rolledBack })
    #expect(decision.rule == "slo" && decision.threshold == 14.4 && decision.evidence.contains("breach"))
    try rig.change("UPDATE serving_samples SET at = at - interval '40 minutes'")
    try await rig.judge()
    #expect(try await rig.troubles() == ["slo_ticket warning"], "what it has cost is left")
    #expect(try await rig.states() == [.stable, .rolledBack])
    await rig.registry.close()
  }

  @Test("where the one before was as bad it is a page, and nobody's fault")
  func nobodysFault() async throws {
    let rig = try await rig()
    try await remember(rig, version: 1, minutes: 11..<70, failed: 100)
    try await remember(rig, version: 2, minutes: 0..<9, failed: 100)
    try await rig.judge()
    #expect(try await rig.states() == [.retired, .stable])
    #expect(try await rig.troubles() == ["slo_page error"])
    await rig.registry.close()
  }

  @Test("what servers report becomes samples, and those an incident", .timeLimit(.minutes(2)))
  func reports() async throws {
    var slo = Self.slo
    (slo.scale, slo.eventsMin) = (0.01, 100)
    let rig = try await rig(slo)
    let service = rig.controller("watches")
    let running = Task { try await service.run() }
    var report = ServerReport(id: "s", address: "127.0.0.1", port: 1, version: 2)
    var outputs = ServerReport.Outputs()
    while try await !rig.troubles().contains("slo_page error") {
      outputs.requests += 50
      outputs.errors += 25
      report.outputs = [2: outputs]
      try await rig.registry.reportServer(pipeline: rig.pipelineID, report)
    }
    service.requestStop()
    try await running.value
    let samples = try await rig.registry.servingSamples(pipeline: rig.pipelineID, after: .distantPast)
    #expect(samples.allSatisfy { $0.version == 2 && $0.counts.requests == 2 * $0.counts.failed })
    await rig.registry.close()
  }
}
