import Foundation
import Kafka
import Postgres
import Testing
import Vocabulary

/// A registry that an earlier program filled (`Tests/Fixtures/database`), under the program of today.
@Suite("A database of an earlier program", .serialized)
struct KeptDatabaseTests {
  private static let fixture = Workplace.repository + "/Tests/Fixtures/database"

  private struct Answer: Decodable {
    struct Head: Decodable {
      let name: String
      let outputs: [Float]
    }
    let outputs: [Float]
    let heads: [Head]
  }

  private struct Kept: Decodable {
    let version: Int64
    /// JSON text.
    let record: String
    let outputs: [Float]
    let heads: [String: [Float]]

    static func all() throws -> [Kept] {
      let text = try String(contentsOfFile: fixture + "/predictions.jsonl", encoding: .utf8)
      return try text.split(separator: "\n").map { try JSONDecoder().decode(Kept.self, from: Data($0.utf8)) }
    }
  }

  private struct Audit: Decodable {
    struct Partition: Decodable {
      let partition: Int32
      let nextOffset: Int64
    }
    let consumed: Int64
    let trained: Int64
    let partitions: [Partition]
  }

  private func expectSame(_ kept: Kept, _ place: Workplace) throws {
    let outcome = try place.run("predict", kept.record, "--version", String(kept.version), "--json")
    #expect(outcome.code == 0, "\(outcome.complaints)")
    let answer = try JSONDecoder().decode(Answer.self, from: Data(outcome.output.utf8))
    #expect(answer.outputs == kept.outputs)
    #expect(Dictionary(uniqueKeysWithValues: answer.heads.map { ($0.name, $0.outputs) }) == kept.heads)
  }

  /// Records of the pipeline: as many as the lineage has read of each partition, and then `more`.
  private func fill(_ brokers: String, upTo next: [Int32: Int64], and more: Int64) async throws {
    let producer = try KafkaProducer(configuration: KafkaConfiguration(brokers: brokers))
    for (partition, count) in next {
      for number in 0..<count + more {
        let a = Double(number % 7) / 3 - 1
        let text =
          #"{"id":"n\#(number)","a":\#(a),"b":5.5,"c":"q","tags":["x"],"y":\#(a > 0 ? 1 : 0),"amount":\#(5.5 + a)}"#
        try await producer.send(
          topic: "kept", partition: partition, key: nil, value: Array(text.utf8), until: .after(.seconds(20)))
      }
    }
    try await producer.flush(until: .after(.seconds(30)))
    await producer.close()
  }

  private func audit(_ place: Workplace) throws -> Audit {
    let outcome = try place.run("audit", "--ledger", "--json")
    #expect(outcome.code == 0, "\(outcome.output) \(outcome.complaints)")
    return try JSONDecoder().decode(Audit.self, from: Data(outcome.output.utf8))
  }

  @Test("it is migrated, its versions answer with the bits of then, and learning goes on from its checkpoint")
  func goesOn() async throws {
    let place = try Workplace()
    let services = try place.run("dev", "up", "--json").json()
    let session = try PostgresSession(
      connectingTo: PostgresAddress(services["database"] as? String ?? ""), applicationName: "replay",
      deadline: .after(.seconds(20)))
    try session.script(try String(contentsOfFile: Self.fixture + "/database.sql", encoding: .utf8))
    let migrated = try place.run("migrate", "--json")
    #expect(migrated.code == 0, "\(migrated.complaints)")

    for command in ["status", "versions", "checkpoints", "health", "incidents"] {
      #expect(try place.run(command).code == 0, "\(command)")
    }
    #expect(try place.run("incidents").output.contains("kept/0/380"))
    for kept in try Kept.all() { try expectSame(kept, place) }

    let before = try audit(place)
    #expect(before.consumed == 1956)
    let next = Dictionary(uniqueKeysWithValues: before.partitions.map { ($0.partition, $0.nextOffset) })
    #expect(next.count == 4)
    try await fill(services["brokers"] as? String ?? "", upTo: next, and: 100)
    let run = try place.run("start", Self.fixture + "/pipeline.yaml", "--until", "end", "--json")
    #expect(run.code == 0, "\(run.complaints.suffix(3000))")
    let status = try run.json()["status"] as? [String: Any]
    #expect((status?["checkpoint"] as? [String: Any])?["isFinal"] as? Bool == true)
    let after = try audit(place)
    #expect(after.consumed == before.consumed + 400)
    #expect(after.trained == before.trained + 400)
    // The version that was stable then may still be returned to.
    for kept in try Kept.all() where kept.version == 3 { try expectSame(kept, place) }
    #expect(try place.run("dev", "down").code == 0)
  }
}
