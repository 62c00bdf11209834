import Foundation
import Testing

/// Which broker a run uses.
enum Broker: String, CaseIterable, CustomTestStringConvertible {
  case memory, apache

  var testDescription: String { rawValue }

  /// Those that can be had here; the absence of Apache Kafka is told, not passed over.
  static let available: [Broker] = {
    if Workplace.kafkaHome != nil { return allCases }
    let note = "KAFKA_HOME is not set: the end-to-end tests run against the broker in memory only\n"
    FileHandle.standardError.write(Data(note.utf8))
    return [.memory]
  }()

  func workplace() throws -> Workplace { try Workplace(kafkaHome: self == .apache ? Workplace.kafkaHome : nil) }
}

@Suite("The main job", .serialized)
struct MainJobTests {
  private static let records: Int64 = 30_000

  private func feed(_ place: Workplace, rate: Int? = nil) throws -> Workplace.Running {
    let words = ["--pipeline", Workplace.network, "--key", "id", "--limit", String(Self.records)]
    guard let rate else {
      return try place.begin("feed", Workplace.flights, words[0], words[1], words[2], words[3], words[4], words[5])
    }
    return try place.begin(
      "feed", Workplace.flights, words[0], words[1], words[2], words[3], words[4], words[5], "--rate", String(rate))
  }

  private func expectAccounted(_ place: Workplace) throws {
    let audit = try place.run("audit", "--json")
    #expect(audit.code == 0, "\(audit.complaints)")
    let report = try audit.json()
    #expect(report["lost"] as? Int64 == 0)
    #expect(report["duplicated"] as? Int64 == 0)
    #expect(report["consumed"] as? Int64 == Self.records)
    let (trained, rejected) = (report["trained"] as? Int64 ?? 0, report["rejected"] as? Int64 ?? 0)
    #expect(trained + rejected == Self.records)
    let reasons = report["rejectedByReason"] as? [String: Int64] ?? [:]
    #expect(reasons.filter { $0.value > 0 }.keys.sorted() == ["label_absent"])
  }

  @Test("a stream is learned to its end, a version promoted, every record accounted for", arguments: Broker.available)
  func toTheEnd(broker: Broker) throws {
    let place = try broker.workplace()
    #expect(try place.run("dev", "up").code == 0)
    #expect(try feed(place).end().code == 0)
    let run = try place.run("start", Workplace.network, "--until", "end", "--json")
    #expect(run.code == 0, "\(run.complaints.suffix(3000))")
    let report = try run.json()
    #expect(report["ending"] as? String == "every partition was read to its end")
    #expect((report["run"] as? [String: Any])?["lag"] as? Int64 == 0)
    try expectAccounted(place)

    let status = try place.run("status", "--json").json()
    let versions = status["versions"] as? [[String: Any]] ?? []
    #expect(versions.filter { $0["state"] as? String == "stable" }.count == 1)
    #expect(((status["decisions"] as? [[String: Any]])?.first?["reason"] as? String)?.isEmpty == false)
    #expect((status["health"] as? [Any])?.isEmpty == false)
    #expect(status["desiredState"] as? String == "stopped")
    for command in ["versions", "checkpoints", "health", "incidents"] {
      let outcome = try place.run(command)
      #expect(outcome.code == 0, "\(command): \(outcome.code) \(outcome.complaints)")
    }
    let bands = try place.run("health", "--json").json()["calibration"] as? [[String: Any]] ?? []
    #expect(bands.reduce(0) { $0 + ($1["records"] as? Double ?? 0) } >= 1)
    #expect(try place.run("health").output.contains("observed"))
    let record = #"{"x":{"carrier":"UA","origin":"EWR","sched_dep_min":1080}}"#
    let outputs = try place.run("predict", record, "--json").json()["outputs"] as? [Double] ?? []
    #expect(outputs.count == 1 && outputs.allSatisfy { (0...1).contains($0) })
    #expect(try place.run("predict", #"{"x":{"month":"May"}}"#).code == 64)

    #expect(try place.run("delete", "flights", "--yes", "--topics").code == 0)
    #expect(try place.run("status").code == 69)
    #expect(try place.run("dev", "down").code == 0)
    #expect(place.eventually(within: .seconds(10)) { place.leftovers.isEmpty })
  }

  @Test("killed with everything in mid-stream, it goes on: nothing twice, nothing lost", arguments: Broker.available)
  func killedInMidStream(broker: Broker) throws {
    let place = try broker.workplace()
    #expect(try place.run("dev", "up").code == 0)
    let start = try place.run("start", Workplace.network, "--detach", "--json")
    #expect(start.code == 0, "\(start.complaints)")
    let feeding = try feed(place, rate: 1500)
    // Beyond the first checkpoint, and before the end.
    let hasBegun = try place.eventually(within: .seconds(60)) {
      let status = try place.status()
      return status["checkpoint"] != nil && status["consumed"] as? Int64 ?? 0 > 8000
    }
    #expect(hasBegun)
    #expect(feeding.isRunning, "the stream ended before anything could be killed")
    let broken = place.roles()
    #expect(broken.count >= 5)
    for process in broken { kill(process, SIGKILL) }
    let again = try place.run("start", Workplace.network, "--until", "end", "--workers", "3", "--json")
    #expect(again.code == 0, "\(again.complaints.suffix(3000))")
    #expect(feeding.end().code == 0)
    try expectAccounted(place)
    #expect(try place.run("dev", "down").code == 0)
    #expect(place.eventually(within: .seconds(10)) { place.leftovers.isEmpty })
  }

  @Test("Ctrl-C ends a run with a final checkpoint, and all that the run had started") func interrupted() throws {
    let place = try Workplace()
    #expect(try place.run("dev", "up").code == 0)
    let feeding = try feed(place, rate: 4000)
    let run = try place.begin("start", Workplace.network, "--json")
    let hasBegun = try place.eventually(within: .seconds(60)) {
      try place.status()["consumed"] as? Int64 ?? 0 > 0
    }
    #expect(hasBegun)
    #expect(try place.run("start", Workplace.network).code == 69, "a second supervisor of one pipeline")
    run.interrupt()
    let outcome = run.end()
    #expect(outcome.code == 0, "\(outcome.complaints.suffix(3000))")
    let report = try outcome.json()
    #expect(report["ending"] as? String == "interrupted")
    let checkpoint = (report["status"] as? [String: Any])?["checkpoint"] as? [String: Any]
    #expect(checkpoint?["isFinal"] as? Bool == true)
    #expect(place.roles().isEmpty)
    feeding.interrupt()
    #expect(feeding.end().code == 0)
    #expect(try place.run("dev", "down").code == 0)
    #expect(place.eventually(within: .seconds(10)) { place.leftovers.isEmpty })
  }
}

extension Workplace {
  /// The pipeline's status; empty while there is none.
  func status() throws -> [String: Any] {
    let outcome = try run("status", "--json")
    return outcome.code == 0 ? try outcome.json() : [:]
  }

  /// The supervisor and the roles, without brokers and feeders.
  func roles() -> [pid_t] {
    processes(named: "retrainctl").filter { id in
      let line = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") ?? Data()
      let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
      return words.count > 1 && ["start", "worker", "controller", "server"].contains(words[1])
    }
  }
}
