import Foundation
import Testing

/// Training goes on from somewhere else, with real processes.
@Suite("Restore", .serialized)
struct RestoreTests {
  private let place: Workplace
  private let file: String

  init() throws {
    place = try Workplace()
    file = place.folder + "/day.yaml"
    #expect(try place.run("dev", "up").code == 0)
  }

  private func write(rate: String, task: String = "binary", activation: String = "relu", workers: Int = 1) throws {
    try """
    name: day
    source: { topic: day, partitions: 2 }
    schema:
      label: { path: y }
      features:
        - { name: a, type: float, normalize: none }
        - { name: b, type: float, normalize: none }
    model: { task: \(task), hidden: [16, 8], activation: \(activation) }
    training:
      workers: \(workers)
      ledger: true
      linger: 20ms
      records_per_partition: 8
      clip_global_norm: 1000000000
      optimizer: { kind: sgd, learning_rate: \(rate) }
    checkpoint: { every_steps: 20, every: 1s }
    rollout: { records_min: 200, candidate_every: 1s }
    """.write(toFile: file, atomically: true, encoding: .utf8)
  }

  private func feed(_ numbers: Range<Int>) throws {
    let lines = numbers.map { number in
      let a = Double(number * 37 % 101) - 50
      return "{\"a\":\(a),\"b\":\(Double(number * 53 % 97)),\"y\":\(a > 0 ? 1 : 0)}\n"
    }.joined()
    try lines.write(toFile: place.folder + "/day.jsonl", atomically: true, encoding: .utf8)
    let fed = try place.run("feed", place.folder + "/day.jsonl", "--pipeline", file)
    #expect(fed.code == 0, "\(fed.complaints)")
  }

  private func audit() throws -> [String: Any] {
    let audit = try place.run("audit", "--ledger", "--json")
    #expect(audit.code == 0, "\(audit.complaints)")
    return try audit.json()
  }

  @Test(
    "after a rate of 100 on values that are not normalised, which halted it or killed its units, a sane one goes on from before",
    arguments: [("regression", "leaky_relu", "0.0001"), ("binary", "relu", "0.001")])
  func exploded(task: String, activation: String, rate: String) throws {
    func write(_ rate: String) throws { try self.write(rate: rate, task: task, activation: activation) }
    try write(rate)
    try feed(0..<2000)
    let first = try place.run("start", file, "--until", "end")
    #expect(first.code == 0, "\(first.complaints)")
    try write("100")
    try feed(2000..<4000)
    let spoilt = try place.run("start", file, "--until", "end", "--json")
    let status = try place.run("status", "--json").json()
    if task == "regression" {
      #expect(spoilt.code != 0 && (status["halted"] as? String)?.contains("parameters are damaged") == true)
    } else {
      let told = try place.run("incidents", "--json").output
      #expect(told.contains("dead_units") || told.contains("exploding_gradient"), "\(told)")
    }

    let restored = try place.run(
      "restore", "day", "--version", "1", "--learning-rate", rate, "--reason", "the rate was 100", "--by", "maria")
    #expect(restored.code == 0, "\(restored.complaints)")
    #expect(restored.output.contains("(restore by maria: the rate was 100)"), "\(restored.output)")
    #expect(restored.output.contains("the learning rate is \(rate) instead of 100"), "\(restored.output)")
    #expect(restored.output.contains("the next 'retrainctl start' goes on from there"))
    #expect(try place.run("status", "--json").json()["halted"] is NSNull?)
    // The file still says 100, and was not edited since.
    let sane = try place.run("start", file, "--until", "end", "--json")
    #expect(sane.code == 0, "\(sane.complaints)")
    let layers = (try sane.json()["status"] as? [String: Any])?["layers"] as? [[String: Any]] ?? []
    #expect(layers.allSatisfy { ($0["deadUnits"] as? Int ?? 0) < ($0["units"] as? Int ?? 1) }, "\(layers)")
    let report = try audit()
    #expect(report["consumed"] as? Int == 4000 && report["lost"] as? Int == 0 && report["duplicated"] as? Int == 0)
    let notes = report["notes"] as? [String] ?? []
    #expect(notes.contains { $0.contains("the rate was 100") }, "\(notes)")
    #expect(try place.run("incidents", "--json").output.contains("lineage_begun"))
  }

  @Test("while it runs its workers begin again with it by themselves; at the present, what lies between is left out")
  func running() throws {
    try write(rate: "0.001", workers: 2)
    try feed(0..<1000)
    let run = try place.begin("start", file)
    // There are no tables at first.
    func consumed() throws -> Int { (try? place.run("audit", "--json").json())?["consumed"] as? Int ?? -1 }
    #expect(try place.eventually(within: .seconds(60)) { try consumed() == 1000 }, "\(run.complaintsSoFar)")
    let all = try place.run("checkpoints", "--json").output
    let list = try #require(try JSONSerialization.jsonObject(with: Data(all.utf8)) as? [[String: Any]])
    let oldest = try #require(list.last)
    let (id, step) = (try #require(oldest["id"] as? Int), try #require(oldest["step"] as? Int))
    #expect(step > 0 && list.count > 1)
    let learned = try place.run("audit", "--checkpoint", String(id), "--json").json()["consumed"] as? Int ?? -1
    #expect(learned > 0 && learned < 1000)
    let restored = try place.run("restore", "--checkpoint", String(id), "--at", "present", "--json")
    #expect(restored.code == 0, "\(restored.complaints)")
    #expect(try restored.json()["isRunning"] as? Bool == true)
    #expect(try restored.json()["skipped"] as? Int == 1000 - learned)
    try feed(1000..<1600)
    #expect(
      try place.eventually(within: .seconds(60)) { try consumed() == learned + 600 }, "\(run.complaintsSoFar)")
    run.interrupt()
    let ended = run.end()
    #expect(ended.code == 0, "\(ended.complaints)")
    let report = try audit()
    #expect(report["consumed"] as? Int == learned + 600 && report["skipped"] as? Int == 1000 - learned)
    #expect(report["lost"] as? Int == 0 && report["duplicated"] as? Int == 0)
  }

  @Test("a rewind leaves out the stretch that did harm, also one that lies ahead, and learns the rest around it again")
  func rewind() throws {
    try write(rate: "0.001", workers: 2)
    try feed(0..<3000)
    #expect(try place.run("start", file, "--until", "end").code == 0)
    let unsaid = try place.run("rewind")
    #expect(unsaid.code == 64 && unsaid.complaints.contains("nothing says when the harm began"), "\(unsaid.complaints)")
    let partitions = try #require(try audit()["partitions"] as? [[String: Any]])
    let longest = try #require(partitions.max { ($0["consumed"] as? Int ?? 0) < ($1["consumed"] as? Int ?? 0) })
    let (number, end) = (try #require(longest["partition"] as? Int), try #require(longest["nextOffset"] as? Int))
    let (from, to) = (end / 2, end - 100)
    let words = ["rewind", "--before", "\(number):\(from)", "--until", "\(number):\(to)"]
    let told = try place.run(words + ["--dry-run", "--json"])
    #expect(told.code == 0, "\(told.complaints)")
    let stretch = try #require((try told.json()["stretch"] as? [[String: Any]])?.first)
    #expect(stretch["from"] as? Int == from && stretch["next"] as? Int == to)
    #expect(try audit()["skipped"] as? Int == 0, "it changes nothing")
    let done = try place.run(words + ["--reason", "a broken producer"])
    #expect(done.code == 0 && done.output.contains("partition \(number): \(from)…\(to - 1)"), "\(done.output)")
    #expect(try place.run("start", file, "--until", "end").code == 0)
    let report = try audit()
    #expect(report["skipped"] as? Int == to - from && report["consumed"] as? Int == 3000 - (to - from))
    #expect(report["lost"] as? Int == 0 && report["duplicated"] as? Int == 0)
    // Learned again, with tighter clipping.
    let again = try place.run("rewind", "--steps", "20", "--clip-norm", "0.5", "--json")
    #expect(again.code == 0, "\(again.complaints)")
    #expect(try place.run("start", file, "--until", "end").code == 0)
    #expect(try audit()["skipped"] as? Int == to - from)
  }

  @Test("says what is not there, what cannot be read by the file of now, and how it is asked")
  func refusals() throws {
    try write(rate: "0.001")
    try feed(0..<600)
    #expect(try place.run("start", file, "--until", "end").code == 0)
    for words in [["restore"], ["restore", "--version", "1", "--checkpoint", "1"]] {
      let refused = try place.run(words)
      #expect(refused.code == 64 && refused.complaints.contains("either --version N or --checkpoint ID"))
    }
    let absent = try place.run("restore", "--checkpoint", "99")
    #expect(absent.code == 64 && absent.complaints.contains("checkpoint 99 is not one of 'day'"))
    let rate = try place.run("restore", "--version", "1", "--learning-rate", "0")
    #expect(rate.code == 64 && rate.complaints.contains("--learning-rate must be above 0"))
    // Another meaning, begun anew: the version of before cannot be gone on from under it.
    let text = try String(contentsOfFile: file, encoding: .utf8)
    try text.replacing("path: y", with: "path: y, classes: [0, 1]").replacing("hidden: [16, 8]", with: "hidden: [8]")
      .write(toFile: file, atomically: true, encoding: .utf8)
    #expect(try place.run("start", file, "--new-lineage", "--until", "end").code == 0)
    let other = try place.run("restore", "--version", "1")
    #expect(other.code == 65 && other.complaints.contains("was learned under another file"), "\(other.complaints)")
  }
}
