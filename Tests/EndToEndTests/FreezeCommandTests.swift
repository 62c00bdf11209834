import Foundation
import Testing

@Suite("Freezing promotion from the command line", .serialized)
struct FreezeCommandTests {
  @Test("says who and why until it is over, refuses what a person promotes without knowing, and lets rollbacks through")
  func freeze() throws {
    let place = try Workplace()
    #expect(try place.run("dev", "up").code == 0)
    // Candidates that come as often as they can, so that there is one that does not serve.
    let file = place.folder + "/frozen.yaml"
    let text = try String(contentsOfFile: Workplace.network, encoding: .utf8)
      .replacing("candidate_every: 5s", with: "candidate_every: 100ms")
      .replacing("records_min: 5000", with: "records_min: 500")
      .replacing("every: 3s", with: "every: 500ms")
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    // The last checkpoint of a run is a candidate at once, if its learner was held against a version: so from the second run on.
    for _ in 0..<2 {
      let feed = try place.run("feed", Workplace.flights, "--pipeline", file, "--key", "id", "--limit", "15000")
      #expect(feed.code == 0, "\(feed.complaints)")
      let run = try place.run("start", file, "--until", "end")
      #expect(run.code == 0, "\(run.complaints.suffix(2000))")
    }

    #expect(try place.run("freeze", "--reason", " ").code == 64)
    #expect(try place.run("freeze").code == 64)
    #expect(try place.run("freeze", "--reason", "x", "--until", "2001-01-01T00:00:00Z").code == 64)
    #expect(try place.run("freeze", "--reason", "x", "--until", "tomorrow").code == 64)
    let frozen = try place.run("freeze", "--reason", "a holiday", "--until", "2h", "--by", "ada", "--json")
    #expect(frozen.code == 0, "\(frozen.complaints)")
    #expect(try frozen.json()["person"] as? String == "ada")

    let status = try place.run("status", "--json").json()
    #expect((status["freeze"] as? [String: Any])?["reason"] as? String == "a holiday")
    let incidents = status["incidents"] as? [[String: Any]] ?? []
    #expect(incidents.contains { $0["kind"] as? String == "promotion_frozen" && $0["closedAt"] == nil })
    #expect(try place.run("status").output.contains("nothing is promoted, as ada has frozen promotion until "))

    let versions = status["versions"] as? [[String: Any]] ?? []
    let other = try #require(versions.first { $0["state"] as? String != "stable" }?["number"] as? Int64)
    let refused = try place.run("promote", "\(other)", "--by", "bo")
    #expect(refused.code == 64 && refused.complaints.contains("as ada has frozen promotion"), "\(refused.complaints)")
    #expect(refused.complaints.contains("a holiday; --despite-freeze promotes all the same"))
    // To confirm one that serves on watch is no promotion; one that is confirmed is stable already.
    let stable = try #require(versions.first { $0["state"] as? String == "stable" })
    let isOnWatch = stable["isOnWatch"] as? Bool == true
    #expect(try place.run("promote", "\(stable["number"] ?? 0)", "--by", "bo").code == (isOnWatch ? 0 : 64))
    #expect(try place.run("promote", "\(other)", "--by", "bo", "--despite-freeze").code == 0)
    let back = try place.run("rollback", "--by", "bo")
    #expect(back.code == 0, "\(back.complaints)")

    #expect(try place.run("unfreeze", "--by", "ada").output.contains("versions are promoted again"))
    #expect(try place.run("unfreeze").output.contains("nothing was frozen"))
    #expect(try place.run("status", "--json").json()["freeze"] == nil)
  }
}
