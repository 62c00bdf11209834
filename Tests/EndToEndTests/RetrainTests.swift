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

  private func newest(_ run: String) throws -> Int? {
    let list = try place.run("checkpoints", "--run", run, "--limit", "1", "--json").output
    return (try JSONSerialization.jsonObject(with: Data(list.utf8)) as? [[String: Any]])?.first?["id"] as? Int
  }

  @Test(
    "learns what the live run has learned, to the same bits, however often it is killed; every record once, in both")
  func killed() throws {
    try write(isReproducible: true)
    try feed(0..<24_000)
    #expect(try place.run("start", file, "--until", "end").code == 0)
    let live = try audit()
    let told = try place.run("retrain", "--from", "earliest", "--dry-run", "--json")
    #expect(told.code == 0, "\(told.complaints)")
    #expect(try told.json()["records"] as? Int == 24_000)
    let none = try place.run("retrain")
    #expect(none.code == 64 && none.complaints.contains("say with --from"), "\(none.complaints)")
    for (flag, value) in [("--name", "other"), ("--until", "24h")] {
      let ignored = try place.run("retrain", flag, value)
      #expect(ignored.code == 64 && ignored.complaints.contains("\(flag) is of a run that begins: say --from"))
    }
    let ends = try #require(live["partitions"] as? [[String: Any]]).map { part in
      "\(part["partition"] as? Int ?? 0):\(part["nextOffset"] as? Int ?? 0)"
    }.joined(separator: ",")
    // The first is let be, the second is killed again and again.
    let first = try place.run("retrain", "--from", "earliest", "--until", ends, "--name", "whole", "--json")
    #expect(first.code == 0, "\(first.complaints)")
    let killed = try place.begin("retrain", "--from", "earliest", "--until", ends, "--name", "killed", "--json")
    var (run, kills, before) = (killed, 0, Int?.none)
    while kills < 5 {
      var isHit = false
      _ = place.eventually(within: .seconds(60)) {
        let workers = place.processes(named: "retrainctl").filter { id in
          let line = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") ?? Data()
          return String(decoding: line, as: UTF8.self).contains("--run\u{0}")
        }
        // Each time it has come further than the time before.
        guard workers.count == 2, let now = try? newest("killed"), now != before else { return !run.isRunning }
        (before, isHit) = (now, true)
        for id in workers { kill(id, SIGKILL) }
        if kills == 2 { run.crash() }
        return true
      }
      // A quick machine may be through before it was killed five times.
      guard isHit else { break }
      kills += 1
      guard kills == 3 else { continue }
      // Whoever tended it was killed too: the same command goes on.
      #expect(run.end().code != 0)
      run = try place.begin("retrain", "--json")
    }
    #expect(kills > 0, "after \(kills) kills: \(run.complaintsSoFar.suffix(2000))")
    let second = run.end()
    #expect(second.code == 0, "\(second.complaints)")
    for name in ["whole", "killed"] {
      let own = try audit("--run", name)
      #expect(own["consumed"] as? Int == 24_000 && own["lost"] as? Int == 0 && own["duplicated"] as? Int == 0)
      #expect(own["trained"] as? Int == live["trained"] as? Int)
    }
    let digests = [try digest("whole"), try digest("killed"), try digest("live")]
    #expect(digests[0] != nil && Set(digests).count == 1, "\(digests)")
    #expect(try audit()["consumed"] as? Int == 24_000, "the live run is as it was")
    let letters = try place.run("dead-letters", "--json", "--limit", "1000").output
    #expect(letters.contains("\"run\":\"whole\"") && letters.contains("\"run\":\"killed\""), "\(letters.prefix(600))")
    let again2 = try place.run("retrain", "--from", "earliest", "--name", "whole")
    #expect(again2.code == 64 && again2.complaints.contains("a run 'whole' already"))
  }

  @Test(
    "learns by other settings where that is said, refuses what cannot be, and two versions are compared by all they are"
  )
  func settings() throws {
    try write(isReproducible: false)
    try feed(0..<1200)
    #expect(try place.run("start", file, "--until", "end").code == 0)
    for (words, sentence) in [
      (["--set", "model.hiden=[4]"], "did you mean `hidden`?"),
      (["--set", "model.hidden=[4]", "--set", "model.hidden=[5]"], "--set model.hidden is given twice"),
      (["--set", "model.hidden=[4]", "--set", "model={}"], "say the same thing"),
      (["--set", "source.topic=other"], "another one is another pipeline's. What may differ is of schema, model"),
      (["--set", "rollout.lane=fast"], "edit the file"), (["--set", "checkpoint={ keep: 3 }"], "edit the file"),
      (["--set", "model.hidden=[4,"], "is no value in YAML"),
      (["--set", "schema.label.path=z"], "it is a pipeline of its own"),
      (["--set", "training.workers=1", "--workers", "2"], "say the same thing"),
      (["--set", "model.hidden"], "a key path"),
    ] {
      let refused = try place.run(["retrain", "--from", "earliest"] + words)
      #expect(refused.code == 64 && refused.complaints.contains(sentence), "\(words): \(refused.complaints)")
    }
    let shape = try place.run("retrain", "--from", "v1", "--set", "model.hidden=[4]")
    #expect(
      shape.code == 64 && shape.complaints.contains("version 1 cannot go on with model.hidden"), "\(shape.complaints)")
    let done = try place.run(
      "retrain", "--from", "earliest", "--until", "0:100,1:110,2:120,3:130", "--set", "model.hidden=[6,4]", "--set",
      "training.optimizer.learning_rate=0.02", "--json")
    #expect(done.code == 0, "\(done.complaints)")
    let version = try #require(try done.json()["version"] as? Int)
    let stages = try #require(try done.json()["stages"] as? [[String: String]])
    #expect(stages.compactMap { $0["stage"] } == ["validate", "train", "evaluate", "canary", "promote"])
    #expect(stages[0]["state"] == "done" && stages[1]["state"] == "done", "\(stages)")
    let status = try place.run("status", "--json").json()
    let run = try #require((status["runs"] as? [[String: Any]])?.first)
    #expect((run["recovery"] as? [String: Any])?["stableVersion"] as? Int == 1, "\(run)")
    #expect(status["retraining"] is [String: Any])
    #expect(try place.run("status").output.contains("its stages: validate done, train done"))

    let compared = try place.run("versions", "diff", "run:live", "\(version)", "--json")
    #expect(compared.code == 0, "\(compared.complaints)")
    let difference = try compared.json()
    let settings = (difference["settings"] as? [[String: Any]] ?? []).compactMap { $0["setting"] as? String }
    #expect(settings.sorted() == ["model.hidden", "training.optimizer.learning_rate"], "\(settings)")
    let learned = try #require(difference["learned"] as? [String: Any])
    #expect(learned["both"] as? Int == 460, "\(learned)")
    #expect((learned["onlyOther"] as? [Any])?.isEmpty == true && (learned["onlyOne"] as? [Any])?.isEmpty == false)
    let parts = (difference["weights"] as? [String: Any])?["parts"] as? [[String: Any]] ?? []
    #expect(parts.contains { $0["part"] as? String == "hidden_1" && $0["distance"] == nil }, "\(parts)")
    #expect(parts.contains { $0["part"] as? String == "hidden_2" && $0["numbersOne"] == nil }, "\(parts)")
    let text = try place.run("versions", "diff", "lineage:0", "run:replay-1")
    #expect(text.code == 0 && text.output.contains("model.hidden: [8] → [6, 4]"), "\(text.output)\(text.complaints)")
    let own = try place.run("versions", "diff", "run:live", "checkpoint:1", "--json").json()
    let layers = (own["weights"] as? [String: Any])?["parts"] as? [[String: Any]] ?? []
    #expect(!layers.isEmpty && layers.allSatisfy { $0["distance"] as? Double ?? -1 >= 0 }, "\(own)")
    let absent = try place.run("versions", "diff", "v1", "v99")
    #expect(
      absent.code == 64 && absent.complaints.contains("has no version 99: they go from 1 to"), "\(absent.complaints)")
    #expect(try place.run("versions", "diff", "v1", "1").complaints.contains("one and the same"))
    #expect(try place.run("versions", "--json").code == 0 && place.run("versions", "again").output.contains("v1"))
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
    // Its pairs come from the live stream, of records that it has not learned; they alone promote it. Those that came before
    // the workers had loaded it give none.
    var fed = 4000
    let isPromoted = try place.eventually(within: .seconds(90)) {
      if fed < 12_000 {
        try feed(fed..<(fed + 500))
        fed += 500
      }
      return try place.run("version", "show", String(version)).output.contains("v\(version)  stable")
    }
    let shown = try place.run("version", "show", String(version)).output
    #expect(isPromoted && shown.contains("rule paired_loss"), "\(shown) \(run.complaintsSoFar.suffix(1500))")
    let isTaken = try place.eventually(within: .seconds(60)) {
      try place.run("incidents", "--json").output.contains("take-over by controller")
    }
    #expect(isTaken, "\(run.complaintsSoFar.suffix(3000))")
    try feed(fed..<(fed + 1000))
    let kept = (fed + 1000) * 199 / 200
    #expect(
      try place.eventually(within: .seconds(60)) { try consumed() >= kept }, "\(run.complaintsSoFar.suffix(3000))")
    run.interrupt()
    let ended = run.end()
    #expect(ended.code == 0, "\(ended.complaints.suffix(3000))")
    let report = try audit()
    #expect(report["lost"] as? Int == 0 && report["duplicated"] as? Int == 0)
    #expect(report["consumed"] as? Int ?? 0 >= kept)
    let notes = report["notes"] as? [String] ?? []
    #expect(notes.contains { $0.contains("take-over") }, "\(notes)")
  }
}
