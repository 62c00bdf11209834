import Controller
import Evaluation
import Foundation
import Health
import Pipelines
import Registry
import Rollouts
import Testing
import TestKit
import Vocabulary

/// Through the registry: windows of a thousand records whose one feature comes in another unit for a while.
@Suite("A broken field")
struct BrokenFieldTests {
  private let rig: ControllerRig
  private let service: ControllerService

  init() async throws {
    rig = try await ControllerRig.make()
    service = rig.stayingController()
  }

  private static func sample(_ step: Int64, factor: Float) -> RowSample {
    var sample = RowSample([RowColumn("a", .feature, .number)])
    var random = SplitMix64(seed: UInt64(step))
    for record in 0..<1000 {
      let key = RecordKey(partition: 0, offset: 1000 * step + Int64(record)).word
      let value = 1 + Float(random.next() % 1000) / 1000
      if sample.wants(key) { sample.append(key) { $0.append(RowCell(value * factor)) } }
    }
    return sample
  }

  private func windows(_ steps: ClosedRange<Int64>, factor: Float = 1) async throws {
    for step in steps {
      try await rig.save(step: step, probability: 0.8, sample: Self.sample(step, factor: factor))
      try await service.run()
    }
  }

  private func promote(_ step: Int64, factor: Float, over anchor: Int64?) async throws {
    try await rig.save(
      step: step, probability: 0.85, difference: anchor == nil ? nil : -0.1, comparedWith: anchor,
      of: (anchor ?? 0) + 1,
      sample: Self.sample(step, factor: factor))
    try await service.run()
  }

  private func open() async throws -> [IncidentRecord] {
    try await rig.registry.openTroubles(pipeline: rig.pipelineID, kinds: DriftSpan.rules.map(\.rawValue))
  }

  /// Ten windows as they should be, a version made of them, and twelve that are broken, of which another version is made.
  private func breakIt() async throws {
    for step in 1...9 as ClosedRange<Int64> {
      try await rig.save(step: step, probability: 0.8, sample: Self.sample(step, factor: 1))
    }
    try await promote(10, factor: 1, over: nil)
    try await windows(11...13)
    #expect(try await open().isEmpty)
    try await windows(14...24, factor: 100)
    #expect(try await open().map(\.kind) == ["unit_change"])
    try await promote(25, factor: 100, over: 1)
    #expect(try await rig.states().prefix(2) == [.retired, .stable])
  }

  @Test("is told of as long as it is broken, though a version that learned it serves, and over when it is what it was")
  func lasts() async throws {
    try await breakIt()
    try await windows(26...36, factor: 100)
    let troubles = try await open()
    #expect(troubles.map(\.kind) == ["unit_change"] && troubles.first?.facts["subjects"] == "a")
    try await windows(37...38)
    #expect(try await open().isEmpty)
    let closed = try #require(try await rig.registry.incident(troubles[0].id))
    #expect(closed.facts["until"] != nil)
    // Nor does what was broken become what is usual afterwards: the field as it was stays no change.
    try await promote(39, factor: 1, over: 2)
    try await windows(40...42)
    #expect(try await open().isEmpty)
    await rig.registry.close()
  }

  @Test("that a person says is meant is over at once; then what was before is the change")
  func accepted() async throws {
    try await breakIt()
    let id = try #require(try await open().first?.id)
    try await rig.registry.acceptChange(id, by: "ada", reason: "cents from now on")
    try await windows(26...36, factor: 100)
    #expect(try await open().isEmpty)
    let told = try await rig.registry.incidents(pipeline: rig.pipelineID, limit: 50)
    let acceptance = try #require(told.first { $0.kind == "change_accepted" })
    #expect(acceptance.facts["by"] == "ada" && acceptance.facts["incident"] == String(id))
    #expect(acceptance.details.contains("cents from now on"))
    try await windows(37...38)
    #expect(try await open().map(\.kind).contains("unit_change"))
    // Only what is open and of a field can be accepted.
    await #expect(throws: RegistryError.self) { try await rig.registry.acceptChange(id, by: "ada", reason: "") }
    await #expect(throws: RegistryError.self) {
      try await rig.registry.acceptChange(acceptance.id, by: "ada", reason: "")
    }
    await rig.registry.close()
  }

  @Test(
    "a version of few windows has a baseline once enough have come behind it, and says how many are missing until then")
  func young() async throws {
    for step in 1...2 as ClosedRange<Int64> {
      try await rig.save(step: step, probability: 0.8, sample: Self.sample(step, factor: 1))
    }
    try await promote(3, factor: 1, over: nil)
    try await windows(4...6)
    let newest = try #require(try await rig.registry.newestCheckpoint(pipeline: rig.pipelineID))
    let wait = try #require(try await BaselineReader.wait(upTo: newest, in: rig.registry))
    #expect(wait.windows == 5 && wait.needed == 8 && wait.columns.isEmpty)
    try await windows(7...10)
    let later = try #require(try await rig.registry.newestCheckpoint(pipeline: rig.pipelineID))
    #expect(try await BaselineReader.wait(upTo: later, in: rig.registry) == nil)
    try await windows(11...12, factor: 100)
    #expect(try await open().map(\.kind).contains("unit_change"))
    await rig.registry.close()
  }
}
