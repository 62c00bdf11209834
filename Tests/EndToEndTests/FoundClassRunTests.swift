import Foundation
import Testing

/// A stream whose classes no file names.
@Suite("A run that finds its classes")
struct FoundClassRunTests {
  // The last checkpoint is the only one, so that the newest version has found all that there is.
  private static let text = """
    name: found
    source: { topic: found, partitions: 2 }
    schema:
      label: { path: kind, classes: auto, classes_max: 3 }
      features:
        - { name: a, type: float }
        - { name: b, type: float }
    model: { task: multiclass, hidden: [8] }
    training: { workers: 2 }
    checkpoint: { every_steps: 100000, every: 1h }
    rollout: { records_min: 100, candidate_every: 1s }
    """

  /// Two classes, a third from the thousandth record on, and later now and then one too many.
  private static func records(_ count: Int) -> String {
    (0..<count).map { index in
      let (a, b) = (Double(index * 37 % 101) / 50 - 1, Double(index * 53 % 89) / 44 - 1)
      let kind = index > 1000 && b < -0.5 ? "rare é" : a > 0 ? "up" : "down"
      return #"{"a":\#(a),"b":\#(b),"kind":"\#(index > 2000 && index % 100 == 7 ? "odd \(index)" : kind)"}"#
    }.joined(separator: "\n") + "\n"
  }

  @Test("learns them, refuses what is beyond the bound with a letter, and goes on after a restart with more room")
  func run() throws {
    let place = try Workplace()
    let (pipeline, file) = (place.folder + "/found.yaml", place.folder + "/found.jsonl")
    try Self.text.write(toFile: pipeline, atomically: true, encoding: .utf8)
    try Self.records(3000).write(toFile: file, atomically: true, encoding: .utf8)
    #expect(try place.run("profile", pipeline, "--seconds", "0.1", "--json").code == 0)
    #expect(try place.run("dev", "up").code == 0)
    #expect(try place.run("feed", file, "--pipeline", pipeline).code == 0)
    let run = try place.run("start", pipeline, "--until", "end", "--json")
    #expect(run.code == 0, "\(run.complaints.suffix(3000))")

    let audit = try place.run("audit", "--json").json()
    #expect(audit["consumed"] as? Int == 3000 && audit["trained"] as? Int == 2990)
    let status = try place.run("status", "--json").json()
    let warnings = status["warnings"] as? [String] ?? []
    #expect(warnings.contains { $0.hasPrefix("all 3 classes that schema.label.classes_max allows") }, "\(warnings)")
    let letters = try place.run("dead-letters")
    #expect(letters.output.contains("`odd 2007` is none of the 3 classes"), "\(letters.output)")

    let newest = try answer(place)
    #expect(Set(newest.classes) == ["up", "down", "rare é"] && newest.outputs.count == 3)
    #expect(abs(newest.outputs.reduce(0, +) - 1) < 1e-4)

    // With more room every class keeps its place, and what was one too many is one.
    try Self.text.replacing("classes_max: 3", with: "classes_max: 5")
      .write(toFile: pipeline, atomically: true, encoding: .utf8)
    #expect(try place.run("feed", file, "--pipeline", pipeline).code == 0)
    let again = try place.run("start", pipeline, "--until", "end", "--json")
    #expect(again.code == 0, "\(again.complaints.suffix(3000))")
    let wider = try answer(place)
    #expect(wider.classes.count == 5 && Array(wider.classes.prefix(3)) == newest.classes)
    #expect(wider.classes.dropFirst(3).allSatisfy { $0.hasPrefix("odd ") })
    #expect(try place.run("dev", "down").code == 0)
  }

  /// Of the newest version.
  private func answer(_ place: Workplace) throws -> (classes: [String], outputs: [Double]) {
    let versions = try JSONSerialization.jsonObject(with: Data(place.run("versions", "--json").output.utf8))
    let numbers = (versions as? [[String: Any]] ?? []).compactMap { $0["number"] as? Int }
    let reply = try place.run(
      "predict", #"{"a":0.9,"b":0.9}"#, "--version", "\(numbers.max() ?? 0)", "--json")
    #expect(reply.code == 0, "\(reply.complaints)")
    let json = try reply.json()
    return (json["classes"] as? [String] ?? [], json["outputs"] as? [Double] ?? [])
  }
}
