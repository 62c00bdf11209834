import Foundation
import Testing

/// Records are forgotten, and what did harm is found, with real processes.
@Suite("Forgetting", .serialized)
struct ForgetTests {
  private let place: Workplace

  init() throws {
    place = try Workplace()
    #expect(try place.run("dev", "up").code == 0)
  }

  /// - Returns: The pipeline file.
  private func write(_ name: String, isReproducible: Bool = true, workers: Int = 1) throws -> String {
    let file = place.folder + "/\(name).yaml"
    try """
    name: \(name)
    source: { topic: \(name), partitions: 4 }
    schema:
      id: id
      label: { path: y }
      features:
        - { name: a, type: float }
        - { name: b, type: float }
    model: { task: binary, hidden: [8] }
    training:
      workers: \(workers)
      reproducible: \(isReproducible)
      records_per_partition: 4
      optimizer: { kind: adam, learning_rate: 0.01 }
    checkpoint: { every_steps: 20, every: 10m }
    rollout: { records_min: 200, candidate_every: 1s }
    """.write(toFile: file, atomically: true, encoding: .utf8)
    return file
  }

  private func feed(_ file: String, _ numbers: Range<Int>, without lacking: Set<Int> = [], flipped: Range<Int> = 0..<0)
    throws
  {
    let lines = numbers.map { number in
      // A record that is none keeps its place, so that the others have the offsets that they have elsewhere.
      if lacking.contains(number) { return "{\"id\":\"r\(number)\",\"a\":\"none\"}\n" }
      let (a, b) = (Double(number * 37 % 101) - 50, Double(number * 53 % 97) - 48)
      let label = a + b > 0
      return "{\"id\":\"r\(number)\",\"a\":\(a),\"b\":\(b),\"y\":\(label != flipped.contains(number) ? 1 : 0)}\n"
    }.joined()
    let records = place.folder + "/records.jsonl"
    try lines.write(toFile: records, atomically: true, encoding: .utf8)
    let fed = try place.run("feed", records, "--pipeline", file, "--key", "id")
    #expect(fed.code == 0, "\(fed.complaints)")
  }

  private func digest(_ pipeline: String) throws -> String {
    let all = try place.run("checkpoints", "-p", pipeline, "--json").output
    let list = try #require(try JSONSerialization.jsonObject(with: Data(all.utf8)) as? [[String: Any]])
    return try #require(list.first?["parametersDigest"] as? String)
  }

  @Test(
    "a model that forgot records by key has the bits of one that was learned from a topic without them; the copies are told"
  )
  func forgets() throws {
    let file = try write("whole", workers: 2)
    try feed(file, 0..<1500)
    #expect(try place.run("start", file, "--until", "end").code == 0)
    let before = try digest("whole")
    let dry = try place.run("forget", "whole", "--key", "r777", "--dry-run", "--json")
    #expect(dry.code == 0, "\(dry.complaints)")
    #expect(try dry.json()["byKey"] as? Int == 1 && digest("whole") == before)
    let words = [
      "forget", "whole", "--key", "r777", "--key", "r1203", "--key", "nobody", "--reason", "asked to", "--by", "maria",
    ]
    let done = try place.run(words + ["--json"])
    #expect(done.code == 0, "\(done.complaints)")
    let report = try done.json()
    let agreement = try #require(report["agreement"] as? [String: Int])
    #expect(report["newLineage"] as? Int == 1 && agreement["steps"] ?? 0 > 0, "\(agreement)")
    #expect(agreement["steps"] == agreement["same"], "\(agreement)")
    #expect((report["records"] as? [String])?.count == 2 && report["digestBefore"] as? String == before)
    #expect(((report["traces"] as? [String: Any])?["checkpoints"] as? [Any])?.isEmpty == false)
    #expect(try place.run("incidents", "-p", "whole").output.contains("2 records forgotten by maria: asked to"))

    let lacking = try write("lacking", workers: 3)
    try feed(lacking, 0..<1500, without: [777, 1203])
    #expect(try place.run("start", lacking, "--until", "end").code == 0)
    #expect(try digest("whole") == digest("lacking"))
    #expect(try digest("whole") == report["digest"] as? String && digest("whole") != before)

    let audit = try place.run("audit", "-p", "whole", "--ledger", "--json")
    #expect(audit.code == 0, "\(audit.complaints)")
    #expect(try audit.json()["skipped"] as? Int == 2 && audit.json()["consumed"] as? Int == 1498)
    // Asked again, with the copies: they are gone but for what serves.
    let again = try place.run(words + ["--purge", "--yes", "--json"])
    #expect(try again.code == 0 && again.json()["alreadyForgotten"] as? Int == 2, "\(again.complaints)")
    let rest =
      try place.run("forget", "whole", "--key", "r777", "--dry-run", "--json").json()["traces"] as? [String: Any]
    #expect(((rest?["checkpoints"] as? [Any])?.count ?? 9) <= 1 && rest?["sampledRows"] as? Int == 0, "\(rest ?? [:])")
    // Training goes on from there.
    try feed(file, 1500..<1600)
    #expect(try place.run("start", file, "--until", "end").code == 0)
    try feed(lacking, 1500..<1600)
    #expect(try place.run("start", lacking, "--until", "end").code == 0)
    #expect(try digest("whole") == digest("lacking"))
  }

  @Test("what cannot be forgotten is said, and nothing is changed")
  func refuses() throws {
    let file = try write("whole")
    try feed(file, 0..<400)
    #expect(try place.run("start", file, "--until", "end").code == 0)
    let before = try digest("whole")
    let (empty, wrong, list) = (place.folder + "/empty.txt", place.folder + "/wrong.txt", place.folder + "/list.txt")
    try "# nothing\n\n".write(toFile: empty, atomically: true, encoding: .utf8)
    try "whole/0/1\nwhole/0\n".write(toFile: wrong, atomically: true, encoding: .utf8)
    for (words, code, sentence) in [
      (["--record", "other/0/1"], 64, "is not of the topic whole"),
      (["--record", "whole/0/999999"], 64, "it has not learned whole/0/999999"),
      (["--record", "whole/9/1"], 64, "it has not learned whole/9/1"),
      (["--record", "whole/0/999999", "--key", "nobody"], 64, "still holds has the key 'nobody'"),
      (["--key", ""], 64, "--key is empty"),
      (["--record", "whole"], 64, "no topic/partition/offset"), ([], 64, "say what to forget"),
      (["--key", "nobody"], 64, "no record that it learned and the topic still holds has the key 'nobody'"),
      (["--file", "/nowhere"], 69, "cannot be read"), (["--file", empty], 64, "names no record"),
      (["--file", wrong], 64, "wrong.txt:2: 'whole/0' is neither topic/partition/offset nor 'key K'"),
      (["--record", "whole/0/1", "--purge"], 64, "nothing was forgotten: say yes"),
    ] as [([String], Int32, String)] {
      let refused = try place.run(["forget", "whole"] + words)
      #expect(refused.code == code && refused.complaints.contains(sentence), "\(words): \(refused.complaints)")
    }
    #expect(try digest("whole") == before)
    // A list as an editor of another system writes it; then the same again.
    try "# asked for\r\nwhole/0/1\r\nkey r7\r\n".write(toFile: list, atomically: true, encoding: .utf8)
    let done = try place.run("forget", "whole", "--file", list, "--json")
    #expect(try done.code == 0 && (done.json()["records"] as? [String])?.count == 2, "\(done.complaints)")
    let after = try digest("whole")
    let again = try place.run("forget", "whole", "--file", list)
    #expect(again.code == 0 && again.output.contains("all of them were forgotten before"), "\(again.output)")
    #expect(try digest("whole") == after && after != before)
    // One more, right beside one of them.
    let beside = try place.run("forget", "whole", "--file", list, "--record", "whole/0/2", "--json")
    #expect(try beside.code == 0 && beside.json()["alreadyForgotten"] as? Int == 2, "\(beside.complaints)")
    #expect(try digest("whole") != after)
  }

  @Test("labels that were the wrong way round for a while are found, and without them the harm is gone")
  func culprit() throws {
    let file = try write("day", isReproducible: false)
    try feed(file, 0..<6000, flipped: 3000..<4200)
    #expect(try place.run("start", file, "--until", "end").code == 0)
    try feed(file, 6000..<8000)
    let found = try place.run("incident", "culprit", "day", "--window", "150..262", "--json")
    #expect(found.code == 0, "\(found.complaints)")
    let report = try found.json()
    #expect(report["verdict"] as? String == "input", "\(found.output)")
    let command = try #require((report["commands"] as? [String])?.first)
    #expect(command.hasPrefix("retrainctl rewind day --before 0:"), "\(found.output)")
    let (first, last) = (report["firstStep"] as? Int ?? 0, report["lastStep"] as? Int ?? 0)
    #expect(first >= 180 && last <= 270 && report["passes"] as? Int ?? 99 < 30, "\(found.output)")
    let clean = try place.run("incident", "culprit", "day", "--window", "60..150")
    #expect(clean.code == 0 && clean.output.contains("transient"), "\(clean.output)\(clean.complaints)")
    let wrong = try place.run("incident", "culprit", "day", "--window", "10..5")
    #expect(wrong.code == 64 && wrong.complaints.contains("neither steps"))
    let times = ["2026-03-01T10:00", "2026-03-01T10:00:30", "2026-03-01T10:00Z", "2026-03-01T10:00:30+05:30"]
    for from in times {
      let past = try place.run("incident", "culprit", "day", "--window", "\(from)..2026-03-02T10:00:00-08:00")
      #expect(past.code == 64 && past.complaints.contains("no checkpoint was saved in that time"), "\(from)")
    }
    for from in ["2026-13-01T10:00", "2026-03-01", "2026-03-03T10:00", "10:00"] {
      let none = try place.run("incident", "culprit", "day", "--window", "\(from)..2026-03-02T10:00:00Z")
      #expect(none.code == 64 && none.complaints.contains("neither steps"), "\(from)")
    }
    #expect(try place.run("incident", "culprit", "day", "--window", "1..5", "--measure", "auc").code == 64)
  }
}
