import Foundation
import Learning
import Pipelines
import Registry
import Server
import Telemetry
import TestKit
import Testing
import Tensors
import Vocabulary

/// An encoder that remembers a number of each category, for tests; nothing known is 0.
private struct LastNumberPlan: EncoderPlan {
  static let form = MemoryForm(name: "last_number", width: 1, capacity: 64)
  var width: Int { 1 }
  var isLearned: Bool { false }
  var memory: MemoryForm? { Self.form }
  var signature: String? { Self.form.name }
  func makeEncoder(_ site: EncoderSite) -> any InputEncoder { LastNumber(site) }

  /// Of every category the same number.
  static func memory(_ number: Float, checkpoint: Int64, age: TimeInterval = 0) -> LineageMemory {
    let memory = Memory([form])
    for key in 0..<8 { memory.shelves[0].update(UInt64(key)) { $0[0] = number } }
    return LineageMemory(checkpoint: checkpoint, savedAt: Date() - age, state: memory.encodeState())
  }
}

private final class LastNumber: InputEncoder {
  private let x: Rows
  private let shelf: MemoryShelf

  init(_ site: EncoderSite) {
    x = site.x.column(site.columns.lowerBound)
    guard let shelf = site.shelf else { preconditionFailure("it remembers, and has no shelf") }
    self.shelf = shelf
  }

  func encode(_ context: LayerContext, _ batch: FeatureBatch) {
    for row in 0..<batch.count {
      x.from(row)[0] = shelf[UInt64(batch.categories[row * batch.categoryCount])].map { $0[0] } ?? 0
    }
  }
}

@Suite("What the stream says by key, on servers", .serialized)
struct MemoryTests {
  @Test("a version answers by the newest memory there is, and tells how old that is", arguments: [1, 3])
  func follows(threads: Int) async throws {
    let pipeline = samplePipeline(threads: threads)
    let further: [any EncoderPlan] = [LastNumberPlan()]
    let source = FakeSource()
    let learner = Learner(spec: LearnerSpec(pipeline), batchCapacity: 8, further: further)
    source.memory = LastNumberPlan.memory(0, checkpoint: 10)
    source.promote(1, state: learner.encodeState())
    let service = ServerService(
      pipelines: [pipeline], serverID: "server-1", logger: Logger(label: "server", sink: .none),
      tick: .milliseconds(50), further: further, openSource: { _ in source })
    let running = Task { try await service.run() }
    defer { service.requestStop() }
    let deadline = Deadline.after(.seconds(20))
    while await service.port == nil, !deadline.hasPassed { await Task.yield() }
    let port = try #require(await service.port)
    let tests = ServiceTests()
    _ = try await tests.eventually(port, "/v2/health/ready") { $0.status == 200 }
    func answers() throws -> Set<String> {
      // Whichever predictor it is the turn of.
      let replies = try (0..<12).map { _ in
        try #require(HTTPClient(port: port)?.post("/v2/models/flights/infer", ServiceTests.columns))
      }
      #expect(replies.allSatisfy { $0.status == 200 })
      return Set(replies.map(\.text))
    }
    func read(_ memory: LineageMemory) async throws -> Set<String> {
      source.memory = memory
      let words = "\"memory_checkpoint\":\(memory.checkpoint),"
      #expect(try await tests.eventually(port, "/status.json") { $0.text.contains(words) }.text.contains(words))
      return try answers()
    }
    let before = try answers()
    #expect(before.count == 1)
    let after = try await read(LastNumberPlan.memory(7, checkpoint: 20, age: 90))
    #expect(after.count == 1 && after != before)
    let metrics = try #require(HTTPClient(port: port)?.get("/metrics")?.text)
    let line = try #require(metrics.split(separator: "\n").first { $0.hasPrefix("retrain_memory_age_seconds{") })
    let age = try #require(line.split(separator: " ").last.flatMap { Double($0) })
    #expect(age >= 90 && age < 200)
    // What cannot be read changes nothing.
    source.memory = LineageMemory(checkpoint: 30, savedAt: Date(), state: [1, 2, 3])
    #expect(try answers() == after)
    #expect(try await read(LastNumberPlan.memory(0, checkpoint: 40)) == before)
    service.requestStop()
    try await running.value
  }
}
