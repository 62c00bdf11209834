import Foundation
import TestKit
import Testing
import Vocabulary

@Suite("Metrics of a whole run", .serialized)
struct RunMetricsTests {
  /// What a role answers, and where.
  private struct Export {
    let role: String
    let address: HostPort
    var text = ""

    mutating func ask(_ path: String = "/metrics") throws -> HTTPClient.Reply {
      let client = try #require(HTTPClient(port: Int(address.port)))
      return try #require(client.get(path))
    }

    /// The names of the series, without labels.
    var names: Set<String> {
      Set(
        text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
          String(line.prefix { $0 != "{" && $0 != " " })
        })
    }
  }

  /// The roles that the status knows, each with its metrics.
  private func exports(_ place: Workplace) throws -> [Export] {
    let status = try place.status()
    var exports: [Export] = []
    for role in ["controllers", "workers", "servers"] {
      for one in status[role] as? [[String: Any]] ?? [] {
        guard let address = (one["metricsAddress"] as? String).flatMap({ HostPort($0) }) else { continue }
        var export = Export(role: role, address: address)
        export.text = try export.ask().text
        exports.append(export)
      }
    }
    return exports
  }

  @Test(
    "'start' gives every role an address that 'status' tells; promtool objects to none, and the rules find all they need"
  )
  func everyRole() throws {
    let place = try Workplace()
    #expect(try place.run("dev", "up").code == 0)
    let run = try place.begin("start", Workplace.network, "--json")
    let words = ["--pipeline", Workplace.network, "--key", "id", "--limit", "12000"]
    #expect(try place.run(["feed", Workplace.flights] + words).code == 0)
    // Not what comes with Prometheus itself.
    let wanted = try AlertRules().names.filter { $0 != "up" }
    #expect(wanted.count > 20)
    var found: [Export] = []
    let isThere = try place.eventually(within: .seconds(120)) {
      found = try exports(place)
      return found.count == 4 && wanted.isSubset(of: found.reduce(into: []) { $0.formUnion($1.names) })
    }
    let missing = wanted.subtracting(found.reduce(into: []) { $0.formUnion($1.names) }).sorted()
    #expect(isThere, "\(found.map(\.role)), nobody exports \(missing); \(run.complaintsSoFar.suffix(2000))")
    #expect(found.map(\.role) == ["controllers", "workers", "workers", "servers"])
    for var export in found {
      #expect(try export.ask("/healthz").text == #"{"live":true}"#, "\(export.role)")
      // A server is once it has loaded a version.
      let isReady = try place.eventually(within: .seconds(60)) { try export.ask("/v2/health/ready").status == 200 }
      #expect(isReady, "\(export.role)")
      guard Promtool.path != nil else { continue }
      let verdict = try Promtool.judge(["check", "metrics"], export.text)
      #expect(verdict.code == 0 && verdict.words.isEmpty, "\(export.role): \(verdict.words)")
    }
    if Promtool.path == nil { FileHandle.standardError.write(Data((Promtool.absence + "\n").utf8)) }
    let page = try place.run("status").output
    #expect(page.contains("worker of rank 1") && page.contains("/metrics"), "\(page)")
    run.interrupt()
    #expect(run.end().code == 0)
    #expect(try place.run("dev", "down").code == 0)
  }

  @Test("addresses can be chosen, refused and left out")
  func choice() throws {
    let place = try Workplace()
    let wrong = try place.run("start", Workplace.network, "--metrics", "here")
    #expect(wrong.code == 64)
    #expect(wrong.complaints.contains("--metrics"), "\(wrong.complaints)")
    let narrow = try place.run("start", Workplace.network, "--metrics", "127.0.0.1:65534", "--workers", "3")
    #expect(narrow.code == 64)
    #expect(narrow.complaints.contains("leaves no ports for 3 workers"), "\(narrow.complaints)")
    #expect(try place.run("worker", "-p", "flights", "--metrics", "9400").code == 64)
    #expect(try place.run("dev", "up").code == 0)
    let run = try place.begin("start", Workplace.network, "--metrics", "off", "--workers", "1", "--json")
    let isThere = try place.eventually(within: .seconds(60)) {
      let status = try place.status()
      let worker = (status["workers"] as? [[String: Any]])?.first
      return worker?["state"] as? String == "idle" && (status["servers"] as? [Any])?.isEmpty == false
        && (status["controllers"] as? [Any])?.isEmpty == false
    }
    #expect(isThere)
    // The server does where it serves.
    #expect(try exports(place).map(\.role) == ["servers"])
    run.interrupt()
    #expect(run.end().code == 0)
    #expect(try place.run("dev", "down").code == 0)
  }
}
