import Controller
import Foundation
import Postgres
import Registry
import TestKit
import Testing
import Vocabulary

@Suite("A stream that stalls")
struct StalledStreamTests {
  /// Thirty checkpoints an hour apart, the last of them a while ago, by a worker that waits for records.
  private static func rig(silentHours: Int, nightHours: Int = 0, lag: Int64 = 0) async throws -> ControllerRig {
    let rig = try await ControllerRig.make()
    for step in Int64(1)...30 { try await rig.save(step: step, probability: 0.8, records: 10) }
    try rig.change("UPDATE generations SET formed_at = now() - interval '100 days'")
    try rig.change(
      """
      UPDATE checkpoints c SET created_at = now() - make_interval(hours => \(silentHours) + p.place
        + CASE WHEN p.place >= 15 THEN \(nightHours) ELSE 0 END)
      FROM (SELECT id, (row_number() OVER (ORDER BY id DESC) - 1)::integer AS place FROM checkpoints) p WHERE p.id = c.id
      """)
    try await rig.wait(lag: lag)
    return rig
  }

  @Test("is an incident, and it is over as soon as records come again")
  func stalled() async throws {
    let rig = try await Self.rig(silentHours: 6)
    try await rig.judge()
    #expect(try await rig.stalls() == 1)
    let told = try #require(
      try await rig.registry.incidents(pipeline: rig.pipelineID, limit: 9).first { $0.kind == "stalled_stream" })
    #expect(told.severity == .warning && told.details.contains("no record has come for 6 h"))
    #expect(told.details.contains("the longest time without one was 60 min"))
    // Another controller finds it open, and tells of it no second time.
    try await rig.judge()
    #expect(try await rig.stalls() == 1)
    try await rig.save(step: 31, probability: 0.8, records: 10)
    try await rig.judge()
    #expect(try await rig.stalls() == 0)
    await rig.registry.close()
  }

  @Test("so it is once records wait, or a person has paused it")
  func ended() async throws {
    for isPaused in [false, true] {
      let rig = try await Self.rig(silentHours: 6)
      try await rig.judge()
      #expect(try await rig.stalls() == 1)
      if isPaused { try await rig.registry.setDesiredState(.paused, pipeline: rig.pipelineID) }
      try await rig.wait(lag: isPaused ? 0 : 3)
      try await rig.judge()
      #expect(try await rig.stalls() == 0)
      await rig.registry.close()
    }
  }

  @Test("is told where nothing else is to blame, nobody has paused it, and it never was silent for so long")
  func quiet() async throws {
    let night = try await Self.rig(silentHours: 6, nightHours: 5)
    let (paused, gone, cut) = (
      try await Self.rig(silentHours: 6), try await Self.rig(silentHours: 6), try await Self.rig(silentHours: 6)
    )
    let young = try await Self.rig(silentHours: 6)
    try await paused.registry.setDesiredState(.paused, pipeline: paused.pipelineID)
    try gone.change("UPDATE members SET last_seen = now() - interval '1 hour'")
    _ = try await cut.registry.beginTrouble(
      pipeline: cut.pipelineID, IncidentDraft(kind: "broker_unreachable", severity: .warning))
    // Its workers have only begun to wait.
    try young.change("UPDATE generations SET formed_at = now() - interval '1 hour'")
    for rig in [night, paused, gone, cut, young, try await Self.rig(silentHours: 6, lag: 3)] {
      try await rig.judge()
      #expect(try await rig.stalls() == 0)
      await rig.registry.close()
    }
  }
}

extension ControllerRig {
  /// The worker is heard of: it waits, and so many records wait for it.
  fileprivate func wait(lag: Int64) async throws {
    var status = WorkerStatus(state: "waiting")
    status.lag = [WorkerStatus.PartitionLag(partition: 0, records: lag)]
    try await registry.heartbeat(pipeline: pipelineID, member: "w", heldStep: 30, status: status)
  }

  fileprivate func stalls() async throws -> Int {
    try await registry.incidents(pipeline: pipelineID, limit: 50)
      .count { $0.kind == "stalled_stream" && $0.closedAt == nil }
  }
}
