import Foundation
import Registry
import Telemetry
import TestKit
import Testing
import Vocabulary
import Worker

@Suite("The book of troubles", .serialized)
struct TroubleBookTests {
  @Test(
    "what happens again and again is one incident, or one each where they are to be told apart, over after a quiet minute"
  )
  func quiet() async throws {
    let database = try TestDatabase.fresh()
    let registry = try await Registry.open(
      uri: database.uri, applicationName: "troubles", deadline: .after(.seconds(20)))
    _ = try await registry.migrate()
    let pipeline = try await registry.register(
      pipeline: "small", specification: "name: small", desiredWorkers: 1, until: nil)
    let book = TroubleBook(
      registry: registry, pipelineID: pipeline.id, memberID: "w",
      logger: Logger(label: "book", level: .error, sink: .standardError(.text)))
    let begin = Date()
    /// Kind and whether it goes on, of every incident there is so long after the beginning.
    func incidents(_ seconds: TimeInterval) async throws -> [String] {
      await book.writeDown(now: begin + seconds)
      return try await registry.incidents(pipeline: pipeline.id, limit: 10).map {
        $0.kind + ($0.closedAt == nil ? " open" : " over")
      }
    }
    for second in stride(from: 0.0, through: 50, by: 10) {
      await book.tell(.exchange, Trouble("exchange_tampered", "somebody flipped a bit"), now: begin + second)
      #expect(try await incidents(second) == ["exchange_tampered open"])
    }
    #expect(try await incidents(105) == ["exchange_tampered open"])
    #expect(await book.sentences.count == 1)
    #expect(try await incidents(111) == ["exchange_tampered over"])
    #expect(await book.sentences.isEmpty)
    await book.tell(.exchange, Trouble("exchange_tampered", "once more"), now: begin + 200)
    #expect(try await incidents(200) == ["exchange_tampered open", "exchange_tampered over"])
    for step in [3, 3, 4] {
      await book.tell(.replicas, Trouble("replica_diverged", "of step \(step)", key: "step \(step)"), now: begin + 300)
    }
    let opened = ["replica_diverged open", "replica_diverged over"]
    let now = try await incidents(300)
    #expect(now.prefix(2) == opened[...], "\(now)")
    #expect(try await incidents(340).count == 4)
    #expect(try await incidents(361).allSatisfy { $0.hasSuffix("over") })
    await registry.close()
  }
}
