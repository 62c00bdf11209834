import Foundation
import Testing

@Suite("Local services", .serialized)
struct LocalServicesTests {
  private let place: Workplace

  init() throws { place = try Workplace() }

  @Test("what dev up starts stays for others, and dev down ends it") func upAndDown() throws {
    let first = try place.run("dev", "up", "--json")
    #expect(first.code == 0)
    #expect(!place.leftovers.isEmpty)
    let again = try place.run("dev", "up", "--json")
    #expect(again.output == first.output)
    #expect(try place.run("migrate").code == 0)
    #expect(!place.processes(named: "postgres").isEmpty)
    #expect(try place.run("dev", "down").code == 0)
    #expect(place.eventually(within: .seconds(10)) { place.leftovers.isEmpty })
  }

  @Test("many at once share one cluster, and the last of them stops it") func sharing() throws {
    let all = try (0..<6).map { _ in try place.begin("migrate", "--json") }
    for one in all {
      let outcome = one.end()
      #expect(outcome.code == 0, "\(outcome.complaints)")
      #expect(outcome.output.contains("\"version\":"))
    }
    #expect(place.eventually(within: .seconds(10)) { place.leftovers.isEmpty })
  }

  @Test("a process that is killed does not keep the cluster for ever") func killedTenant() throws {
    #expect(try place.run("migrate").code == 0)
    // A broker in the foreground holds nothing; a feed waits for standard input and holds the broker.
    let broker = try place.begin("dev", "broker")
    let record = place.folder + "/.retrain/run/broker.json"
    #expect(place.eventually(within: .seconds(20)) { FileManager.default.fileExists(atPath: record) })
    kill(broker.process.processIdentifier, SIGKILL)
    _ = broker.end()
    // The record of the dead one does not count: a broker that only the feed would use is refused.
    let second = try place.run("feed", Workplace.flights, "--topic", "t", "--limit", "10", "--json")
    #expect(second.code == 69)
    #expect(second.complaints.contains("retrainctl dev up"))
    #expect(place.eventually(within: .seconds(10)) { place.leftovers.isEmpty })
  }

  @Test("a second broker in the foreground is refused, the first ends by a signal") func oneBroker() throws {
    let broker = try place.begin("dev", "broker")
    let record = place.folder + "/.retrain/run/broker.json"
    #expect(place.eventually(within: .seconds(20)) { FileManager.default.fileExists(atPath: record) })
    let second = try place.run("dev", "broker")
    #expect(second.code == 69)
    #expect(second.complaints.contains("runs already"))
    broker.interrupt()
    let outcome = broker.end()
    #expect(outcome.code == 0)
    #expect(outcome.output.hasPrefix("127.0.0.1:"))
  }
}
