import Foundation
import Testing

@Suite("A pipeline that says nothing of its model", .serialized)
struct RecipeJobTests {
  @Test("is learned, served by a version that reads the memory, and says what it remembers and what its members weigh")
  func job() throws {
    let place = try Workplace()
    #expect(try place.run("dev", "up").code == 0)
    let file = place.folder + "/auto.yaml"
    try
      (String(contentsOfFile: Workplace.quickstart, encoding: .utf8)
      + "checkpoint: { every: 1s }\nrollout: { records_min: 500, candidate_every: 1s }\n")
      .write(toFile: file, atomically: true, encoding: .utf8)
    let feed = try place.run("feed", Workplace.flights, "--pipeline", file, "--key", "id", "--limit", "4000")
    #expect(feed.code == 0, "\(feed.complaints)")
    let run = try place.run("start", file, "--until", "end", "--json")
    #expect(run.code == 0, "\(run.complaints.suffix(2000))")
    let status = try place.run("status", "--json").json()
    #expect(status["trained"] as? Int64 ?? 0 > 3800)
    let versions = status["versions"] as? [[String: Any]] ?? []
    let stable = try #require(versions.first { $0["state"] as? String == "stable" }?["number"] as? Int64)

    let known = try place.run("memory", "--key", "carrier=UA", "--key", "month=1", "--key", "carrier=none", "--json")
      .json()
    #expect(known["labels"] as? Int64 == status["trained"] as? Int64)
    let keys = known["keys"] as? [[String: Any]] ?? []
    let carrier = keys.first?["labels"] as? [String: Any]
    #expect(carrier?["count"] as? Int64 ?? 0 > 300)
    #expect((carrier?["mean"] as? [Double] ?? []).allSatisfy { $0 > 0 && $0 < 1 })
    #expect(keys.count == 3 && keys[1]["labels"] is [String: Any] && !(keys[2]["labels"] is [String: Any]))
    #expect(try place.run("memory", "--key", "none=1").code == 64)
    #expect(try place.run("memory").output.contains("carrier"))

    let shown = try place.run("version", "show", "v\(stable)", "--json").json()
    #expect((shown["members"] as? [[String: Any]])?.count == 8)
    let record = #"{"x":{"carrier":"UA","origin":"EWR","sched_dep_min":1080}}"#
    let outputs = try place.run("predict", record, "--json").json()["outputs"] as? [Double] ?? []
    #expect(outputs.count == 1 && outputs.allSatisfy { (0...1).contains($0) })
    #expect(try place.run("profile", file).code == 64)

    // It serves on while the learner goes on.
    #expect(try place.run("freeze", "--reason", "to see what it loses").code == 0)
    let more = try place.run(
      "feed", Workplace.flights, "--pipeline", file, "--key", "id", "--from-line", "4001", "--limit", "3000")
    #expect(more.code == 0, "\(more.complaints)")
    #expect(try place.run("start", file, "--until", "end", "--json").code == 0)
    let behind = try place.run("version", "show", "v\(stable)", "--json").json()["version"] as? [String: Any]
    let loss = try #require(behind?["frozenLoss"] as? [String: Any])
    #expect(loss["pairs"] as? Int64 ?? 0 >= 100 && loss["age"] as? Int64 ?? 0 > 2800)
    #expect(try place.run("status").output.contains("v\(stable) is "))
    #expect(try place.run("dev", "down").code == 0)
  }
}
