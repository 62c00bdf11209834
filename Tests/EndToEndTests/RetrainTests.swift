import Foundation
import Testing

/// The stream learned once more beside the live run, with real processes.
@Suite("Retrain", .serialized)
struct RetrainTests {
  private let place: Workplace
  private let file: String

  init() throws {
    place = try Workplace()
    file = place.folder + "/again.yaml"
    #expect(try place.run("dev", "up").code == 0)
  }

  private func write(isReproducible: Bool) throws {
    let way = isReproducible ? "reproducible: true" : "linger: 20ms"
    try """
    name: again
    source: { topic: again, partitions: 2 }
    schema:
      label: { path: y }
      features: [{ name: a, type: float }, { name: b, type: float }]
    model: { task: binary, hidden: [8] }
    training: { workers: 2, ledger: true, \(way), records_per_partition: 8 }
    checkpoint: { every_steps: 20, every: 1s }
    rollout: { records_min: 200, candidate_every: 1s, lane: careful }
    """.write(toFile: file, atomically: true, encoding: .utf8)
  }

  private func feed(_ numbers: Range<Int>) throws {
    let lines = numbers.map { number in
      let a = Double(number * 37 % 101) - 50
      let isBad = number % 200 == 7
      return
        "{\"id\":\(number),\"a\":\(isBad ? "\"bad\"" : "\(a)"),\"b\":\(Double(number * 53 % 97)),\"y\":\(a > 0 ? 1 : 0)}\n"
    }.joined()
    try lines.write(toFile: place.folder + "/again.jsonl", atomically: true, encoding: .utf8)
    let fed = try place.run("feed", place.folder + "/again.jsonl", "--pipeline", file, "--key", "id")
    #expect(fed.code == 0, "\(fed.complaints)")
  }

  private func audit(_ words: String...) throws -> [String: Any] {
    let audit = try place.run(["audit", "--ledger", "--json"] + words)
    #expect(audit.code == 0, "\(audit.complaints)")
    return try audit.json()
  }

  private func digest(_ run: String) throws -> String? {
    let list = try place.run("checkpoints", "--run", run, "--limit", "1", "--json").output
    let all = try JSONSerialization.jsonObject(with: Data(list.utf8)) as? [[String: Any]]
    return all?.first?["parametersDigest"] as? String
  }

  @Test(
    "learns what the live run has learned, to the same bits, however often it is killed; every record once, in both")
  func killed() throws {
    try write(isReproducible: true)
    try feed(0..<6000)
    #expect(try place.run("start", file, "--until", "end").code == 0)
    let live = try audit()
    let told = try place.run("retrain", "--from", "earliest", "--dry-run", "--json")
    #expect(told.code == 0, "\(told.complaints)")
    #expect(try told.json()["records"] as? Int == 6000)
    let none = try place.run("retrain")
    #expect(none.code == 64 && none.complaints.contains("say with --from"), "\(none.complaints)")
    let ends = try #require(live["partitions"] as? [[String: Any]]).map { part in
      "\(part["partition"] as? Int ?? 0):\(part["nextOffset"] as? Int ?? 0)"
    }.joined(separator: ",")
    // The first is let be, the second is killed again and again.
    let first = try place.run("retrain", "--from", "earliest", "--until", ends, "--name", "whole", "--json")
    #expect(first.code == 0, "\(first.complaints)")
    let killed = try place.begin("retrain", "--from", "earliest", "--until", ends, "--name", "killed", "--json")
    for count in [1, 2] {
      let isFound = place.eventually(within: .seconds(30)) {
        let workers = place.processes(named: "retrainctl").filter { id in
          let line = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") ?? Data()
          return String(decoding: line, as: UTF8.self).contains("--run\u{0}")
        }
        let list = try? place.run("checkpoints", "--run", "killed", "--json").output
        guard workers.count == 2, list?.contains("parametersDigest") == true || count == 2 else { return false }
        for id in workers { kill(id, SIGKILL) }
        return true
      }
      #expect(isFound || !killed.isRunning, "\(killed.complaintsSoFar)")
    }
    let second = killed.end()
    #expect(second.code == 0, "\(second.complaints)")
    for name in ["whole", "killed"] {
      let own = try audit("--run", name)
      #expect(own["consumed"] as? Int == 6000 && own["lost"] as? Int == 0 && own["duplicated"] as? Int == 0)
      #expect(own["trained"] as? Int == live["trained"] as? Int)
    }
    let digests = [try digest("whole"), try digest("killed"), try digest("live")]
    #expect(digests[0] != nil && Set(digests).count == 1, "\(digests)")
    #expect(try audit()["consumed"] as? Int == 6000, "the live run is as it was")
    let letters = try place.run("dead-letters", "--json", "--limit", "1000").output
    #expect(letters.contains("\"run\":\"whole\"") && letters.contains("\"run\":\"killed\""), "\(letters.prefix(600))")
    let again2 = try place.run("retrain", "--from", "earliest", "--name", "whole")
    #expect(again2.code == 64 && again2.complaints.contains("a run 'whole' already"))
  }

  @Test("catches up with a live run, competes on its stream, and where it is promoted the live run goes on from it")
  func takesOver() throws {
    try write(isReproducible: false)
    try feed(0..<4000)
    let run = try place.begin("start", file)
    func consumed(_ words: String...) throws -> Int {
      (try? place.run(["audit", "--json"] + words).json())?["consumed"] as? Int ?? -1
    }
    #expect(try place.eventually(within: .seconds(60)) { try consumed() >= 3980 }, "\(run.complaintsSoFar)")
    #expect(
      try place.eventually(within: .seconds(30)) { try place.run("versions", "--json").output.contains("stable") })
    let replay = try place.run("retrain", "--from", "earliest", "--workers", "1", "--json")
    #expect(replay.code == 0, "\(replay.complaints)")
    let version = try #require(try replay.json()["version"] as? Int)
    #expect(try place.run("status").output.contains("version \(version) of checkpoint"))
    try feed(4000..<5000)
    // Its pairs come from the live stream, of records that it has not learned; they alone promote it.
    let isPromoted = try place.eventually(within: .seconds(60)) {
      try place.run("version", "show", String(version)).output.contains("v\(version)  stable")
    }
    let shown = try place.run("version", "show", String(version)).output
    #expect(isPromoted && shown.contains("rule paired_loss"), "\(shown) \(run.complaintsSoFar.suffix(1500))")
    let isTaken = try place.eventually(within: .seconds(60)) {
      try place.run("incidents", "--json").output.contains("take-over by controller")
    }
    #expect(isTaken, "\(run.complaintsSoFar.suffix(3000))")
    try feed(5000..<6000)
    #expect(
      try place.eventually(within: .seconds(60)) { try consumed() >= 5980 }, "\(run.complaintsSoFar.suffix(3000))")
    run.interrupt()
    let ended = run.end()
    #expect(ended.code == 0, "\(ended.complaints.suffix(3000))")
    let report = try audit()
    #expect(report["lost"] as? Int == 0 && report["duplicated"] as? Int == 0)
    #expect(report["consumed"] as? Int ?? 0 >= 5980)
    let notes = report["notes"] as? [String] ?? []
    #expect(notes.contains { $0.contains("take-over") }, "\(notes)")
  }
}
