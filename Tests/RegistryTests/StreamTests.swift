import Registry
import Testing
import Vocabulary

@Suite("Streams")
struct StreamTests {
  @Test("where a partition begins is decided once")
  func starts() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    #expect(try await registry.streamStarts(pipeline: pipeline, stream: 0).isEmpty)
    #expect(
      try await registry.decideStreamStarts(pipeline: pipeline, stream: 0, [0: 7, 1: 9]) == [0: 7, 1: 9])
    #expect(
      try await registry.decideStreamStarts(pipeline: pipeline, stream: 0, [1: 100, 2: 0]) == [0: 7, 1: 9, 2: 0])
    await registry.close()
  }

  @Test("a new stream has its own starts and marks, and the pipeline knows its number")
  func newStream() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let mark = StreamMark(partition: 1, offset: 4, time: -1, digest: .max)
    try await registry.setStreamMarks(pipeline: pipeline, stream: 0, [mark])
    #expect(try await registry.streamMarks(pipeline: pipeline, stream: 0) == [mark])
    #expect(try await registry.beginStream(pipeline: pipeline, starts: [0: 3]) == 1)
    #expect(try await registry.pipeline(pipeline)?.stream == 1)
    #expect(try await registry.streamStarts(pipeline: pipeline, stream: 1) == [0: 3])
    #expect(try await registry.streamMarks(pipeline: pipeline, stream: 1).isEmpty)
    let newer = StreamMark(partition: 1, offset: 8, time: 17, digest: 5)
    try await registry.setStreamMarks(pipeline: pipeline, stream: 1, [mark])
    try await registry.setStreamMarks(pipeline: pipeline, stream: 1, [newer])
    #expect(try await registry.streamMarks(pipeline: pipeline, stream: 1) == [newer])
    await registry.close()
  }

  @Test("whether lost records are skipped is asked for with each start")
  func skipsLost() async throws {
    let fixture = try await RegistryFixture.make()
    #expect(try await fixture.registry.pipeline(fixture.pipeline)?.skipsLost == false)
    let asked = try await fixture.registry.register(
      pipeline: "flights", specification: "name: flights", desiredWorkers: 1, until: nil, skipsLost: true)
    #expect(asked.skipsLost)
    let again = try await fixture.registry.register(
      pipeline: "flights", specification: "name: flights", desiredWorkers: 1, until: nil)
    #expect(!again.skipsLost)
    await fixture.registry.close()
  }
}
