import Foundation
import Testing

/// A record that makes numbers non-finite, seen, told and shown again.
@Suite("An incident", .serialized)
struct IncidentReproductionTests {
  private let place: Workplace

  init() throws { place = try Workplace() }

  private func write(_ text: String, to name: String) throws -> String {
    let path = "\(place.folder)/\(name)"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func pipeline(_ name: String, health: String = "") throws -> String {
    try write(
      """
      name: \(name)
      source: { topic: \(name), partitions: 2 }
      schema:
        label: { path: y }
        features:
          - { name: amount, path: x.amount, type: float, normalize: none }
          - { name: price, path: x.price, type: float, clip: [-10, 10] }
          - { name: kind, path: x.kind, type: category, buckets: 16 }
      model: { task: binary, hidden: [256, 128, 16] }
      training: { workers: 2, records_per_partition: 8, reproducible: true, ledger: true }
      checkpoint: { every_steps: 8, every: 60s }
      rollout: { records_min: 200, candidate_every: 1s }
      \(health)
      """, to: "\(name).yaml")
  }

  private func records(poisoned: Int?, large: Set<Int> = [], _ places: Range<Int> = 0..<800) throws -> String {
    var lines = ""
    for place in places {
      let amount =
        place == poisoned
        ? "3.3e38" : large.contains(place) ? (place % 2 == 0 ? "1e7" : "-1e7") : "\(Double(place % 41) / 10 - 2)"
      let price = Double(place % 29) - 14
      lines +=
        "{\"x\":{\"amount\":\(amount),\"price\":\(price),\"kind\":\"k\(place % 5)\"},\"y\":\(place % 29 > 14 ? 1 : 0)}\n"
    }
    return try write(lines, to: "records.jsonl")
  }

  private func stages(_ record: [String: Any]?) -> [[String: Any]] { record?["stages"] as? [[String: Any]] ?? [] }

  @Test("of a bad number is explained, happens again with its own record and the state before, and changes nothing")
  func badNumber() throws {
    let file = try pipeline("poisoned")
    #expect(try place.run("dev", "up").code == 0)
    #expect(try place.run("feed", try records(poisoned: 637), "--pipeline", file).code == 0)
    let run = try place.run("start", file, "--until", "end")
    #expect(run.code == 0, "\(run.complaints.suffix(3000))")

    let shown = try place.run("incident", "show", "1").output
    #expect(shown.contains("made numbers non-finite, first in the layer hidden_"), "\(shown)")
    #expect(shown.contains("without its value of amount all would have been finite"))
    #expect(
      shown.contains("written to the dead-letter topic") && shown.contains("It was over as soon as it had happened."))
    #expect(shown.contains("deploy/runbooks/RetrainRecordsQuarantined.md"))
    #expect(shown.contains("'retrainctl incident reproduce 1'"))
    let incident = try place.run("incident", "show", "1", "--json").json()

    let tables = ["checkpoints", "audit", "incidents"].map { try? place.run($0, "--json").output }
    let answer = try place.run("incident", "reproduce", "1", "--json")
    #expect(answer.code == 0, "\(answer.complaints)")
    let found = try answer.json()
    let record = (found["records"] as? [[String: Any]])?.first
    #expect(record?["isReproduced"] as? Bool == true && record?["source"] as? String == "log")
    #expect(record?["layer"] as? String == incident["layer"] as? String)
    #expect(record?["feature"] as? String == "amount")
    let first = try #require(stages(record).first { $0["nonFinite"] as? Int != 0 })
    #expect(first["isFirst"] as? Bool == true && first["layer"] as? String == incident["layer"] as? String)
    let amount = stages(record).first { $0["feature"] as? String == "amount" }
    #expect(amount?["raw"] as? String == "3.3e+38")
    let price = stages(record).first { $0["feature"] as? String == "price" }
    #expect(price?["raw"] as? String == "14.0" && price?["given"] as? String == "10.0")

    let text = try place.run("incident", "reproduce", "1", "--replay")
    #expect(text.code == 0, "\(text.complaints)")
    #expect(text.output.contains("first →") && text.output.contains("reproduced: the record makes numbers non-finite"))
    #expect(
      text.output.contains("each with the same loss and gradient to the last bit")
        || text.output.contains("the very state in which it happened"), "\(text.output.prefix(600))")
    for (before, command) in zip(tables, ["checkpoints", "audit", "incidents"]) {
      #expect(try place.run(command, "--json").output == before, "\(command)")
    }
    #expect(try place.run("incident", "reproduce", "99").code == 64)
    #expect(try place.run("incident", "reproduce", "1", "--limit", "0").code == 64)
  }

  @Test("of a bad number happens again from the same state where steps before it were skipped for a rule of health")
  func skippedSteps() throws {
    let file = try pipeline(
      "skipping", health: "health: { rules: [{ rule: exploding_gradient, action: skip_step, threshold: 1000 }] }")
    #expect(try place.run("dev", "up").code == 0)
    let input = try records(poisoned: 637, large: Set(stride(from: 530, to: 630, by: 17)))
    #expect(try place.run("feed", input, "--pipeline", file).code == 0)
    let run = try place.run("start", file, "--until", "end")
    #expect(run.code == 0, "\(run.complaints.suffix(3000))")
    let listed = try JSONSerialization.jsonObject(with: Data(try place.run("incidents", "--json").output.utf8))
    let incidents = listed as? [[String: Any]] ?? []
    #expect(incidents.contains { $0["kind"] as? String == "skipped_step" }, "\(incidents)")
    let bad = try #require(incidents.first { $0["kind"] as? String == "non_finite" }?["id"] as? Int, "\(incidents)")
    let text = try place.run("incident", "reproduce", "\(bad)", "--replay")
    #expect(text.code == 0 && text.output.contains("reproduced: the record makes numbers non-finite"), "\(text)")
    #expect(
      text.output.contains("each with the same loss and gradient to the last bit")
        || text.output.contains("the very state in which it happened"), "\(text.output.prefix(600))")
  }

  @Test("of a lineage that leaves records out happens again without them, with the same loss in every step")
  func leftOut() throws {
    let file = try pipeline("passing")
    #expect(try place.run("dev", "up").code == 0)
    /// Where each partition is read to its end.
    func ends(after records: Range<Int>) throws -> [Int: Int] {
      #expect(try place.run("feed", try self.records(poisoned: nil, records), "--pipeline", file).code == 0)
      #expect(try place.run("start", file, "--until", "end").code == 0)
      let partitions = try place.run("audit", "--json").json()["partitions"] as? [[String: Any]] ?? []
      return Dictionary(
        uniqueKeysWithValues: partitions.map { ($0["partition"] as? Int ?? -1, $0["nextOffset"] as? Int ?? 0) })
    }
    // A few records of each partition that has them, behind the checkpoint of the first end, and before the bad one.
    let before = try ends(after: 0..<250)
    let parts = try ends(after: 250..<500).filter { $0.value > before[$0.key, default: 0] + 20 }.keys.sorted()
    func places(_ more: Int) -> String { parts.map { "\($0):\(before[$0, default: 0] + more)" }.joined(separator: ",") }
    let went = try place.run("rewind", "--before", places(4), "--until", places(10), "--json")
    #expect(went.code == 0, "\(went.complaints)")
    let lineage = try #require(try went.json()["lineage"] as? [String: Any])
    #expect(!parts.isEmpty && (lineage["skips"] as? [[String: Any]])?.count == parts.count, "\(went.output)")
    let first = try #require(lineage["checkpoint"] as? Int)
    #expect(try place.run("feed", try records(poisoned: 637, 500..<800), "--pipeline", file).code == 0)
    let run = try place.run("start", file, "--until", "end")
    #expect(run.code == 0, "\(run.complaints.suffix(3000))")
    let listed = try JSONSerialization.jsonObject(with: Data(try place.run("incidents", "--json").output.utf8))
    let bad = (listed as? [[String: Any]] ?? []).filter { $0["kind"] as? String == "non_finite" }
      .compactMap { $0["id"] as? Int }
    let newest = try #require(bad.max())
    let answer = try place.run(
      "incident", "reproduce", "\(newest)", "--replay", "--checkpoint", "\(first)", "--json")
    #expect(answer.code == 0, "\(answer.complaints)")
    let state = try #require(try answer.json()["state"] as? [String: Any])
    let agreement = try #require(state["replay"] as? [String: Any], "\(state)")
    let steps = agreement["steps"] as? Int ?? 0
    #expect(steps > 5 && agreement["same"] as? Int == steps, "\(agreement)")
  }

  @Test("of a rule of health shows what the rule saw; of another kind there is nothing to show, and that is said")
  func rule() throws {
    let file = try pipeline("ruled", health: "health: { rules: [{ rule: zero_share, threshold: 0.0001 }] }")
    #expect(try place.run("dev", "up").code == 0)
    #expect(try place.run("feed", try records(poisoned: nil), "--pipeline", file).code == 0)
    let run = try place.run("start", file, "--until", "end")
    #expect(run.code == 0, "\(run.complaints.suffix(3000))")
    let listed = try JSONSerialization.jsonObject(with: Data(try place.run("incidents", "--json").output.utf8))
    let incidents = listed as? [[String: Any]] ?? []
    let rule = try #require(incidents.first { $0["kind"] as? String == "zero_share" }?["id"] as? Int, "\(incidents)")
    let shown = try place.run("incident", "show", "\(rule)").output
    #expect(shown.contains("Learning") && shown.contains("'retrainctl incident reproduce \(rule)'"), "\(shown)")
    let text = try place.run("incident", "reproduce", "\(rule)")
    #expect(text.code == 0 && text.output.contains("reproduced:") && text.output.contains("fails →"), "\(text)")
    let found = try place.run("incident", "reproduce", "\(rule)", "--json").json()
    let findings = found["findings"] as? [[String: Any]] ?? []
    #expect(findings.contains { $0["verdict"] as? String == "fail" })
    #expect(findings.allSatisfy { $0["rule"] as? String == "zero_share" })

    _ = try pipeline("ruled", health: "serving: { threads: 1 }")
    let edited = try write(
      try String(contentsOfFile: file, encoding: .utf8).replacingOccurrences(of: "[-10, 10]", with: "[-9, 9]"),
      to: "ruled.yaml")
    #expect(try place.run("start", edited, "--until", "end").code == 0)
    let all = try JSONSerialization.jsonObject(with: Data(try place.run("incidents", "--json").output.utf8))
    let edit = (all as? [[String: Any]])?.first { $0["kind"] as? String == "pipeline_edited" }?["id"] as? Int
    let refused = try place.run("incident", "reproduce", "\(try #require(edit))")
    #expect(refused.code == 64 && refused.complaints.contains("there is nothing to compute again"))
    #expect(try place.run("incident", "show", "\(edit ?? 0)").output.contains("Nothing went wrong"))
  }
}
