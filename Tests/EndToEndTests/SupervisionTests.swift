import Foundation
import Testing
import Vocabulary

@Suite("Supervision", .serialized)
struct SupervisionTests {
  /// Database and broker for several workplaces.
  private struct Services: Decodable {
    let database: String
    let brokers: String
    var additions: [String: String] { ["RETRAIN_DATABASE_URL": database, "RETRAIN_KAFKA_BROKERS": brokers] }
  }

  private func services(_ place: Workplace) throws -> Services {
    try JSONDecoder().decode(Services.self, from: Data(try place.run("dev", "up", "--json").output.utf8))
  }

  private func hasBegun(_ place: Workplace) throws -> Bool {
    try place.eventually(within: .seconds(60)) { try place.status()["consumed"] as? Int64 ?? 0 > 0 }
  }

  private func kill(_ role: String, in place: Workplace) -> Int {
    let found = place.roles().filter { id in
      let line = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") ?? Data()
      return line.split(separator: 0).dropFirst().first.map { String(decoding: $0, as: UTF8.self) } == role
    }
    for id in found { Foundation.kill(id, SIGKILL) }
    return found.count
  }

  @Test("a pipeline runs once on a database, its roles survive being killed, and all of it ends at once by signals")
  func life() throws {
    let house = try Workplace()
    let services = try services(house)
    let (place, other) = (try Workplace(additions: services.additions), try Workplace(additions: services.additions))
    let feeding = try place.begin(
      "feed", Workplace.flights, "--topic", "flights", "--max-lag", "20000", "--group",
      "retrain.flights", "--rate", "3000", "--limit", "200000")
    let run = try place.begin("start", Workplace.network, "--json")
    #expect(try hasBegun(place))

    let second = try other.run("start", Workplace.network)
    #expect(second.code == 69)
    #expect(second.complaints.contains("process \(run.process.processIdentifier)"), "\(second.complaints)")
    #expect(try other.run("status", "--json").code == 0)

    // More often than any budget of crashes.
    var kills = 0
    let deadline = Deadline.after(.seconds(60))
    while kills < 12, run.isRunning, !deadline.hasPassed { kills += kill("server", in: place) }
    #expect(kills >= 12)
    _ = kill("controller", in: place)
    #expect(kill("worker", in: place) >= 1)
    let isBack = place.eventually(within: .seconds(60)) { place.roles().count == 5 }
    #expect(isBack && run.isRunning)
    #expect(try hasBegun(place))
    feeding.interrupt()
    _ = feeding.end()

    // As a service manager does: everybody at once.
    let begun = ContinuousClock.now
    for id in place.roles() { Foundation.kill(id, SIGTERM) }
    let outcome = run.end()
    #expect(begun.duration(to: .now) < .seconds(10))
    #expect(outcome.code == 0, "\(outcome.complaints.suffix(2000))")
    let checkpoint = (try outcome.json()["status"] as? [String: Any])?["checkpoint"] as? [String: Any]
    #expect(checkpoint?["isFinal"] as? Bool == true)
    #expect(place.roles().isEmpty)
    let audit = try place.run("audit", "--json")
    #expect(audit.code == 0, "\(audit.complaints)")
    // Whoever could read the logs of a crash could read what was in memory.
    for name in try FileManager.default.contentsOfDirectory(atPath: place.folder + "/.retrain/logs/flights") {
      let path = place.folder + "/.retrain/logs/flights/" + name
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(mode == 0o600, "\(name)")
    }
    #expect(try house.run("dev", "down").code == 0)
  }
}
