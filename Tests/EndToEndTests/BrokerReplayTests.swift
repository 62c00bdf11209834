import Foundation
import Kafka
import Testing
import Vocabulary

/// What replays need that the broker in memory has not: times of records, and deleting.
@Suite(
  "Replays on a real broker", .serialized,
  .enabled(if: Workplace.kafkaHome != nil, "KAFKA_HOME names no Apache Kafka"))
struct BrokerReplayTests {
  private let place: Workplace
  private let configuration: KafkaConfiguration

  init() throws {
    place = try Workplace(kafkaHome: Workplace.kafkaHome)
    let up = try place.run("dev", "up", "--json")
    #expect(up.code == 0, "\(up.complaints)")
    configuration = KafkaConfiguration(brokers: try #require(try up.json()["brokers"] as? String))
  }

  private func file(_ name: String) throws -> String {
    let path = "\(place.folder)/\(name).yaml"
    try """
    name: \(name)
    source: { topic: \(name), partitions: 1 }
    schema: { id: id, label: { path: y }, features: [{ name: a, type: float }] }
    model: { task: binary, hidden: [4] }
    training: { workers: 1, linger: 20ms, records_per_partition: 8, ledger: true }
    checkpoint: { every_steps: 20, every: 1s }
    """.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// - Parameter ago: How old a record is, by its number.
  private func publish(_ count: Int, to topic: String, bad: Set<Int> = [], ago: (Int) -> Duration) async throws {
    let producer = try KafkaProducer(configuration: configuration)
    let now = Int64(Date().timeIntervalSince1970 * 1000)
    for number in 0..<count {
      let a = bad.contains(number) ? "\"none\"" : "\(Double(number % 7) / 7)"
      try await producer.send(
        topic: topic, partition: 0, key: Array("r\(number)".utf8),
        value: Array("{\"id\":\"r\(number)\",\"a\":\(a),\"y\":\(number % 7 > 3 ? 1 : 0)}".utf8),
        timestamp: now - ago(number).milliseconds(), until: .after(.seconds(10)))
    }
    try await producer.flush(until: .after(.seconds(30)))
    await producer.close()
  }

  private func make(_ topic: String) async throws {
    let admin = try KafkaAdmin(configuration: configuration)
    _ = try await admin.createTopic(topic, partitions: 1, until: .after(.seconds(30)))
    await admin.close()
  }

  @Test("a run begins with the first record of a time, or of so long ago, and learns those behind it alone")
  func times() async throws {
    let path = try file("timed")
    try await make("timed")
    try await publish(1000, to: "timed") { .seconds($0 < 600 ? 48 * 3600 : 3600) }
    let run = try place.run("start", path, "--until", "end")
    #expect(run.code == 0, "\(run.complaints.suffix(3000))")
    func time(_ hours: Double) -> String { Date(timeIntervalSinceNow: -3600 * hours).ISO8601Format() }
    for (word, records) in [("24h", 400), (time(30), 400), (time(72), 1000), ("3d", 1000)] {
      let told = try place.run("retrain", "--from", word, "--dry-run", "--json")
      #expect(told.code == 0, "\(told.complaints)")
      let cost = try told.json()
      #expect(cost["records"] as? Int == records, "\(word): \(cost)")
      #expect((cost["from"] as? [String: Int])?["0"] == 1000 - records, "\(cost)")
    }
    let until = try place.run("retrain", "--from", "earliest", "--until", time(24), "--dry-run", "--json")
    #expect(try until.json()["records"] as? Int == 600, "\(until)")
    let late = try place.run("retrain", "--from", "30m", "--dry-run")
    #expect(late.code == 64 && late.complaints.contains("there is nothing to learn in timed"), "\(late.complaints)")
    let again = try place.run("retrain", "--from", "24h", "--until", "0:1000", "--name", "day", "--json")
    #expect(again.code == 0, "\(again.complaints)")
    let audit = try place.run("audit", "--run", "day", "--ledger", "--json").json()
    #expect(audit["consumed"] as? Int == 400 && audit["lost"] as? Int == 0 && audit["duplicated"] as? Int == 0)
  }

  @Test("a purge takes the dead letter of a forgotten record away, and no other")
  func purge() async throws {
    let path = try file("letters")
    try await make("letters")
    try await publish(300, to: "letters", bad: [50, 60, 70]) { _ in .zero }
    let run = try place.run("start", path, "--until", "end")
    #expect(run.code == 0, "\(run.complaints.suffix(3000))")
    func letters() throws -> [String] {
      let list = try place.run("dead-letters", "letters", "--json").output
      return ["r50", "r60", "r70"].filter { list.contains("\"\($0)\"") || list.contains("\\\"\($0)\\\"") }
    }
    #expect(try letters() == ["r50", "r60", "r70"])
    let words = ["forget", "letters", "--key", "r60", "--purge", "--yes", "--json"]
    let done = try place.run(words)
    #expect(done.code == 0, "\(done.complaints)")
    let report = try done.json()
    #expect(
      report["letters"] as? Int == 1 && (report["notes"] as? [String])?.contains { $0.contains("still there") } != true)
    #expect(try letters() == ["r50", "r70"])
    // Once more there is nothing of it.
    #expect(try place.run(words).json()["letters"] as? Int == 0)
    #expect(try letters() == ["r50", "r70"])
  }
}
