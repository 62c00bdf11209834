import Controller
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

  @Test("beside a server it waits until it has answered requests itself, at each share anew")
  func requests() async throws {
    var rig = try await ControllerRig.make()
    (rig.pipeline.rollout.canary, rig.pipeline.rollout.hold) = ([0.05, 0.25], .zero)
    rig.pipeline.rollout.canaryRequestsMin = 10
    try await rig.save(step: 1, probability: 0.8)
    try await rig.judge()
    func report(live: Int64, of id: String = "s", split: ServerReport.Split? = nil) async throws {
      var report = ServerReport(id: id, address: "127.0.0.1", port: 1, split: split)
      report.outputs = [1: ServerReport.Outputs(requests: 1000)]
      // Requests that named it are not such.
      report.outputs[2] = live < 0 ? nil : ServerReport.Outputs(requests: live + 500)
      report.outputs[2]?.live = live
      try await rig.registry.reportServer(pipeline: rig.pipelineID, report)
      try await rig.judge()
    }
    func share() async throws -> Double? { try await rig.registry.version(2, pipeline: rig.pipelineID)?.share }
    try await rig.save(step: 2, probability: 0.85, difference: -0.1, comparedWith: 1)
    try await report(live: -1)
    #expect(try await share() == 0.05)
    try await report(live: 9)
    #expect(try await share() == 0.05)
    let standings = try await VersionStandings(
      of: rig.pipeline, rig.pipelineID, newest: rig.registry.newestCheckpoint(pipeline: rig.pipelineID),
      in: rig.registry)
    #expect(standings.waits(2)?.contains("it waits for live requests: at 5 % it has answered 9 of 10") == true)
    try await report(live: 11)
    #expect(try await share() == 0.25)
    try await report(live: 20)
    #expect(try await share() == 0.25)
    // Another one counts as well.
    try await report(live: 1, of: "t")
    #expect(try await rig.states() == [.retired, .stable])
    let journal = try await rig.registry.decisions(pipeline: rig.pipelineID, version: 2, limit: 10)
    #expect(journal[1].reason.hasSuffix("; it has answered 11 live requests at its share."), "\(journal[1].reason)")
    #expect(journal[0].reason.hasSuffix("; it has answered 10 live requests at its share."), "\(journal[0].reason)")
    await rig.registry.close()
  }

  @Test("one that is slow at its share, or seems to be, is rolled back, or held and told, whatever its pairs")
  func slow() async throws {
    let rig = try await rig(hold: .seconds(3600))
    try rig.change("UPDATE versions SET shared_since = shared_since - interval '1 hour'")
    func report(_ count: Int, milliseconds: Double) async throws {
      var answers = SplitAnswers()
      for _ in 0..<1000 { answers.add(.milliseconds(2), byCanary: false) }
      for _ in 0..<count { answers.add(.milliseconds(milliseconds), byCanary: true) }
      var report = ServerReport(
        id: "s", address: "127.0.0.1", port: 1,
        split: ServerReport.Split(version: 2, share: 0.05, canary: 50, stable: 950), answers: answers)
      report.outputs = [2: ServerReport.Outputs(requests: 500)]
      report.outputs[2]?.live = 500
      try await rig.registry.reportServer(pipeline: rig.pipelineID, report)
      #expect(try await rig.registry.servers(pipeline: rig.pipelineID).first?.answers == answers)
      try await rig.judge()
    }
    try await report(50, milliseconds: 20)
    #expect(try await rig.states() == [.stable, .canary])
    let standings = try await VersionStandings(
      of: rig.pipeline, rig.pipelineID, newest: rig.registry.newestCheckpoint(pipeline: rig.pipelineID),
      in: rig.registry)
    #expect(
      standings.waits(2)?.contains("it answers live requests in 20 ms against 2 ms of the stable version") == true,
      "\(standings.waits(2) ?? "")")
    try await report(400, milliseconds: 20)
    #expect(try await rig.states() == [.stable, .rolledBack])
    let journal = try await rig.registry.decisions(pipeline: rig.pipelineID, version: 2, limit: 1)
    #expect(journal.first?.rule == "live_answers" && journal.first?.window == "400 requests", "\(journal)")
    await rig.registry.close()
  }

  @Test("where a server deals keys otherwise it is an incident and the canary is held, until it is none any more")
  func mismatch() async throws {
    let rig = try await rig(hold: .seconds(3600))
    func report(_ canary: Int64, _ stable: Int64) async throws {
      var report = ServerReport(id: "s", address: "127.0.0.1", port: 1)
      report.split = ServerReport.Split(version: 2, share: 0.05, canary: canary, stable: stable)
      report.outputs = [2: ServerReport.Outputs(requests: 5000)]
      report.outputs[2]?.live = 5000
      try await rig.registry.reportServer(pipeline: rig.pipelineID, report)
    }
    try await report(50, 950)
    try await rig.judge()
    #expect(try await rig.troubles() == [])
    try await report(300, 1700)
    try rig.change("UPDATE versions SET shared_since = shared_since - interval '1 hour'")
    try await rig.judge()
    #expect(try await rig.troubles() == ["split_mismatch error"])
    #expect(try await rig.registry.version(2, pipeline: rig.pipelineID)?.share == 0.05)
    let incident = try await rig.registry.incidents(pipeline: rig.pipelineID, limit: 10)
      .first { $0.kind == "split_mismatch" }
    #expect(incident?.details.contains("should answer 5 % of the keys") == true, "\(incident?.details ?? "")")
    let versions = try await rig.registry.versions(pipeline: rig.pipelineID)
    try await rig.registry.apply(
      try Rollout.reject(2, by: "ada", why: "it fails", versions: versions.map(\.facts)), evidence: "{}",
      pipeline: rig.pipelineID, lease: nil)
    try await rig.judge()
    #expect(try await rig.troubles() == [])
    #expect(try await rig.states() == [.stable, .rejected])
    let journal = try await rig.registry.decisions(pipeline: rig.pipelineID, version: 2, limit: 1)
    #expect(
      journal.first?.actor == "person:ada" && journal.first?.reason == "Version 2 was rejected by ada (it fails).")
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
    try await rig.registry.removeServer(pipeline: rig.pipelineID, id: "s")
    try await rig.judge()
    #expect(try await rig.states() == [.retired, .rolledBack, .stable])
    await rig.registry.close()
  }
}
