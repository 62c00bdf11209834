import Foundation
import Testing
import Vocabulary

@Suite("A version that is worse for one carrier", .serialized)
struct SliceRunTests {
  /// Two numbers decide; carrier J has a label of its own.
  private static func records(_ count: Int, seed: UInt64, labelOfJ: Int) -> String {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { place in
      let (a, b) = (random.nextUnit() * 2 - 1, random.nextUnit() * 2 - 1)
      let carrier = place % 60 == 7 ? "J" : ["A", "B", "C", "D"][place % 4]
      let label = carrier == "J" ? labelOfJ : a + b > 0 ? 1 : 0
      return #"{"a":\#(a),"b":\#(b),"carrier":"\#(carrier)","y":\#(label)}"# + "\n"
    }.joined()
  }

  @Test("and better over all is undecided: it is never promoted, and told by the carrier's name and by how much")
  func slice() throws {
    let place = try Workplace()
    let file = place.folder + "/sliced.yaml"
    try """
    name: sliced
    source: { topic: sliced, partitions: 2 }
    schema:
      label: { path: y }
      features:
        - { name: a, type: float, clip: [-1, 1] }
        - { name: b, type: float, clip: [-1, 1] }
        - { name: carrier, type: category, buckets: 64, dimension: 4 }
    model: { task: binary, hidden: [16], wide: true, seed: 7 }
    training: { workers: 2, records_per_partition: 8, reproducible: true,
      optimizer: { kind: adam, learning_rate: 0.003 } }
    checkpoint: { every_steps: 100000, every: 60s }
    rollout: { records_min: 400, candidate_every: 1h, lane: careful, slices: [carrier] }
    """.write(toFile: file, atomically: true, encoding: .utf8)
    #expect(try place.run("dev", "up").code == 0)
    func learn(_ count: Int, _ seed: UInt64, labelOfJ: Int) throws {
      let path = place.folder + "/records-\(seed).jsonl"
      try Self.records(count, seed: seed, labelOfJ: labelOfJ).write(toFile: path, atomically: true, encoding: .utf8)
      #expect(try place.run("feed", path, "--pipeline", file).code == 0)
      let run = try place.run("start", file, "--until", "end")
      #expect(run.code == 0, "\(run.complaints.suffix(2000))")
    }
    // The first version has learned little; the second has learned much, and for J what is not so any more.
    try learn(800, 1, labelOfJ: 0)
    try learn(8000, 2, labelOfJ: 1)
    try learn(8000, 3, labelOfJ: 0)

    let versions = try place.run("status", "--json").json()["versions"] as? [[String: Any]] ?? []
    func version(_ number: Int) -> [String: Any]? { versions.first { $0["number"] as? Int == number } }
    #expect(
      version(1)?["state"] as? String == "stable" && version(2)?["state"] as? String == "candidate", "\(versions)")
    let waits = version(2)?["waits"] as? String ?? ""
    #expect(waits.contains("is good overall, but its") && waits.contains("of slice carrier=J is worse by"), "\(waits)")
    let comparison = version(2)?["comparison"] as? [String: Any]
    #expect((comparison?["mean"] as? Double ?? 1) < 0 && comparison?["pairs"] as? Int ?? 0 > 7000)
    let slices = comparison?["slices"] as? [[String: Any]] ?? []
    #expect(slices.first?["slice"] as? String == "carrier=J" && slices.first?["isWorse"] as? Bool == true, "\(slices)")

    let shown = try place.run("version", "show", "2").output
    #expect(shown.contains("v2 is good overall, but") && shown.contains("of carrier=J, "), "\(shown)")
    #expect(try place.run("status").output.contains("carrier=J"))
    // A person may reject it, or promote it, also what was rejected.
    #expect(try place.run("reject", "1").complaints.contains("version 1 is stable: 'retrainctl rollback' returns"))
    #expect(try place.run("reject", "99").code == 64 && place.run("reject").code == 64)
    let rejected = try place.run("reject", "2", "--by", "ada", "--reason", "bad for J", "--json")
    #expect(rejected.code == 0, "\(rejected.complaints)")
    let again = try place.run("reject", "2")
    #expect(again.code == 64 && again.complaints.contains("version 2 is rejected already"), "\(again.complaints)")
    #expect(try place.run("version", "show", "2").output.contains("Version 2 was rejected by ada (bad for J)."))
    #expect(try place.run("promote", "2", "--by", "ada").code == 0)
  }
}
