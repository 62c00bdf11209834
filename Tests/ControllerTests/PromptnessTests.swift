import Controller
import Registry
import Rollouts
import Testing
import Vocabulary

@Suite("A controller that waits")
struct PromptnessTests {
  @Test("judges a checkpoint as soon as it is written, not at its next look", .timeLimit(.minutes(2)))
  func prompt() async throws {
    let rig = try await ControllerRig.make()
    let changes = try await rig.registry.notifications(pipeline: rig.pipelineID)
    var heard = changes.makeAsyncIterator()
    let service = rig.controller("waits")
    let running = Task { try await service.run() }
    var waits: [Duration] = []
    for step in 1...9 as ClosedRange<Int64> {
      try await rig.save(
        step: step, probability: 0.85, difference: step == 1 ? nil : -0.1, comparedWith: step - 1, of: step)
      let start = ContinuousClock.now
      var isStable = false
      while !isStable, let change = await heard.next() {
        guard change.kind == .version else { continue }
        isStable = try await rig.registry.version(step, pipeline: rig.pipelineID)?.state == .stable
      }
      waits.append(start.duration(to: .now))
    }
    service.requestStop()
    try await running.value
    let usual = waits.sorted()[waits.count / 2]
    print("from a checkpoint's commit to its promotion: \(waits.map { $0.milliseconds() }) ms")
    // Looks alone come once a second: half of the checkpoints would wait for longer than half of that.
    #expect(usual < .milliseconds(300), "\(waits)")
    await rig.registry.close()
  }
}
