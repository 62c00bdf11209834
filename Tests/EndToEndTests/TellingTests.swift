import Foundation
import Testing

/// What a run tells of a stream that does not fit its pipeline.
@Suite("Telling", .serialized)
struct TellingTests {
  private let place: Workplace

  init() throws { place = try Workplace() }

  private func write(_ text: String, to name: String) throws -> String {
    let path = "\(place.folder)/\(name)"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  @Test("a misspelt path and texts for numbers are told at start, in status, in health, and hold promotion back")
  func misspelt() throws {
    let pipeline = try write(
      """
      name: telling
      source: { topic: telling, partitions: 1 }
      schema:
        label: { path: y }
        features:
          - { name: amount, path: x.Amount, type: float }
          - { name: price, path: x.price, type: float }
          - { name: kind, path: x.kind, type: category, buckets: 16, values: [p, q] }
      model: { task: binary, hidden: [8] }
      training: { workers: 2, records_per_partition: 8, linger: 5ms }
      checkpoint: { every_steps: 50, every: 1s }
      rollout: { records_min: 200, candidate_every: 1s }
      """, to: "telling.yaml")
    var lines = ""
    for place in 0..<1200 {
      let price = place % 10 == 0 ? "\"1.28\"" : "\(Double(place % 7) - 3)"
      let kind = place % 4 == 0 ? "r" : "p"
      let label = place % 6 == 5 ? "" : ",\"y\":\(place % 7 > 3 ? 1 : 0)"
      lines += "{\"x\":{\"amount\":\(place % 5),\"price\":\(price),\"kind\":\"\(kind)\"}\(label)}\n"
    }
    let records = try write(lines, to: "telling.jsonl")
    #expect(try place.run("dev", "up").code == 0)
    #expect(try place.run("feed", records, "--pipeline", pipeline).code == 0)
    let run = try place.run("start", pipeline, "--until", "end", "--json")
    #expect(run.code == 0, "\(run.complaints.suffix(3000))")
    // As many as there were when it was told.
    let told = try #require(
      run.complaints.firstMatch(of: /warning: feature amount \(path x.Amount\) is absent from (\d+) of (\d+) records/))
    #expect(told.1 == told.2 && (200...1080).contains(Int(told.1) ?? 0), "\(told.0)")
    let summary = try run.json()["run"] as? [String: Any]
    let delivery = (try run.json()["status"] as? [String: Any])?["deadLetters"] as? [String: Any]
    #expect(
      delivery?["delivered"] as? Int == 120 && delivery?["lost"] as? Int == 0 && delivery?["waiting"] as? Int == 0)
    #expect(summary?["records"] as? Int == 1200)
    #expect(summary?["seconds"] as? Double ?? 0 > 0 && summary?["recordsPerSecond"] as? Double ?? 0 > 0)

    let status = try place.run("status", "--json").json()
    #expect(status["rejected"] as? Int == 120)
    #expect(status["unlabelled"] as? Int == 200)
    // The workers that delivered them are gone.
    #expect((status["deadLetters"] as? [String: Any])?["delivered"] as? Int == 120)
    #expect(status["rejectedByReason"] as? [String: Int] == ["wrong_type": 120])
    let features = status["features"] as? [[String: Any]] ?? []
    #expect(features.map { $0["missing"] as? Int } == [1080, 0, 0])
    #expect(features.map { $0["unknown"] as? Int } == [0, 0, 240])
    #expect(features.map { $0["rejected"] as? Int } == [0, 120, 0])
    #expect(features.first?["near"] as? [String] == ["x.amount"])
    let rejections = status["rejections"] as? [[String: Any]] ?? []
    // Whichever partition was read first.
    #expect((rejections.first?["example"] as? String)?.hasPrefix("\"1.28\" at telling/") == true)
    #expect((status["measures"] as? [String: Any])?["records"] as? Int == 880)
    #expect((status["window"] as? [String: Any])?["records"] as? Int ?? 0 > 0)
    let versions = status["versions"] as? [[String: Any]] ?? []
    #expect(!versions.isEmpty && versions.allSatisfy { $0["state"] as? String == "rejected" })
    let reason = (status["decisions"] as? [[String: Any]])?.first?["reason"] as? String ?? ""
    #expect(reason.contains("missing_feature") && reason.contains("x.Amount") && reason.contains("x.amount"))

    let page = try place.run("status").output
    #expect(page.contains("without a label 200") && page.contains("rejected 120"))
    #expect(page.contains("price: 120 × wrong_type, e.g. \"1.28\" at telling/"))
    let health = try place.run("health").output
    #expect(health.contains("missing_feature") && health.contains("x.Amount"))
    let audit = try place.run("audit", "--json").json()
    #expect(audit["rejected"] as? Int == 320 && audit["unlabelled"] as? Int == 200)

    let letters = try place.run("dead-letters", "--reason", "wrong_type", "--limit", "5", "--json").json()
    let found = letters["deadLetters"] as? [[String: Any]] ?? []
    #expect(found.count == 5 && found.allSatisfy { $0["field"] as? String == "price" })
    #expect(found.first?["value"] as? String ?? "" != "")
    #expect(try place.run("dead-letters", "--reason", "overflow").output.contains("holds 120 of other reasons"))
    #expect(try place.run("dead-letters", "--reason", "nonsense").code == 64)

    // A run tells of its own letters, the status of the lineage's.
    let more = try write(#"{"x":{"amount":1,"price":"wrong","kind":"p"},"y":1}"# + "\n", to: "more.jsonl")
    #expect(try place.run("feed", more, "--pipeline", pipeline).code == 0)
    let again = try place.run("start", pipeline, "--until", "end", "--json")
    #expect(again.code == 0, "\(again.complaints.suffix(3000))")
    #expect(delivered(try again.json()["status"] as? [String: Any]) == 1)
    #expect(delivered(try place.run("status", "--json").json()) == 121)
    #expect(try place.run("dev", "down").code == 0)
  }

  private func delivered(_ status: [String: Any]?) -> Int? {
    (status?["deadLetters"] as? [String: Any])?["delivered"] as? Int
  }
}
