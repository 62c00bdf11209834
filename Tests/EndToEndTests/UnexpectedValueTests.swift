import Foundation
import Testing
import Vocabulary

/// One of the days that happened to people: a model whose answers are exponentials meets, while it learns on, values that nobody
/// expected.
@Suite("An unexpected value before an exponential", .serialized)
struct UnexpectedValueTests {
  /// Counts whose rate is the exponential of two numbers; `odd` says what stands for the first of some records.
  private static func records(_ count: Int, seed: UInt64, odd: (Int) -> Double? = { _ in nil }) -> String {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { place in
      let (a, b) = (random.nextUnit() * 2 - 1, random.nextUnit() * 2 - 1)
      let rate = exp(0.8 * a - 0.5 * b)
      // Of the mean that Poisson's would have.
      let label = Int(rate) + (random.nextUnit() < rate - rate.rounded(.down) ? 1 : 0)
      return #"{"a":\#(odd(place) ?? a),"b":\#(b),"y":\#(label)}"# + "\n"
    }.joined()
  }

  private static let pipeline = """
    name: counts
    source: { topic: counts, partitions: 2 }
    schema:
      label: { path: y }
      features:
        - { name: a, type: float, normalize: none }
        - { name: b, type: float }
    model: { task: regression, loss: { kind: poisson }, hidden: [16], activation: elu, seed: 7 }
    training: { workers: 2, records_per_partition: 8, reproducible: true, ledger: true }
    checkpoint: { every_steps: 25, every: 60s }
    rollout: { records_min: 400, candidate_every: 100ms, lane: careful }
    health:
      rules:
        - { rule: loss_spike, action: freeze_promotion }
        - { rule: exploding_gradient, action: lower_rate, threshold: 100 }
    """

  /// The pipeline in a workplace, and what has been fed to it.
  private final class Run {
    let place: Workplace
    let file: String
    private(set) var fed = 0

    init() throws {
      place = try Workplace()
      file = place.folder + "/counts.yaml"
      try UnexpectedValueTests.pipeline.write(toFile: file, atomically: true, encoding: .utf8)
      #expect(try place.run("dev", "up").code == 0)
    }

    func learn(_ count: Int, _ seed: UInt64, odd: (Int) -> Double? = { _ in nil }) throws {
      let path = place.folder + "/records-\(seed).jsonl"
      try UnexpectedValueTests.records(count, seed: seed, odd: odd).write(
        toFile: path, atomically: true, encoding: .utf8)
      #expect(try place.run("feed", path, "--pipeline", file).code == 0)
      fed += count
      let run = try place.run("start", file, "--until", "end")
      #expect(run.code == 0, "\(run.complaints.suffix(2000))")
    }

    func list(_ words: String...) throws -> [[String: Any]] {
      let value = try JSONSerialization.jsonObject(with: Data(try place.run(words).output.utf8))
      return value as? [[String: Any]] ?? []
    }

    func stable() throws -> Int {
      let versions = try place.run("status", "--json").json()["versions"] as? [[String: Any]] ?? []
      return versions.first { $0["state"] as? String == "stable" }?["number"] as? Int ?? 0
    }
  }

  @Test(
    "is quarantined and named, of what others do nothing is promoted and the rate is lowered, and all goes on by itself"
  )
  func day() throws {
    let run = try Run()
    // Until a version serves that has one before it.
    var seed: UInt64 = 1
    var before = 0
    while before < 2, seed < 8 {
      try run.learn(3000, seed)
      (before, seed) = (try run.stable(), seed + 1)
    }
    #expect(before > 1)

    // One value of which no exponential is a number, then some that it makes large, then nothing odd any more.
    try run.learn(8000, 20) { $0 == 1500 ? 1e30 : (2000..<2040).contains($0) ? 30 : nil }
    let incidents = try run.list("incidents", "--json")
    func incident(_ kind: String) -> [String: Any]? { incidents.last { $0["kind"] as? String == kind } }

    // Named: the record, the feature, the layer; it alone was taken out, and is where records go that are not learned.
    let bad = try #require(incident("non_finite"), "\(incidents)")
    let positions = bad["positions"] as? [String] ?? []
    #expect(positions.count == 1 && bad["feature"] as? String == "a" && bad["layer"] as? String == "output", "\(bad)")
    #expect(bad["goesOn"] as? Bool == false && incidents.count { $0["kind"] as? String == "non_finite" } == 1)
    let letters = try run.place.run("dead-letters", "--json").json()["deadLetters"] as? [[String: Any]] ?? []
    let letter = try #require(letters.first)
    let (partition, offset) = (letter["partition"] as? Int ?? -1, letter["offset"] as? Int ?? -1)
    #expect(letters.count == 1 && positions == ["counts/\(partition)/\(offset)"], "\(letters)")
    #expect((letter["value"] as? String)?.contains(#""a":1e+30"#) == true, "\(letter)")
    #expect(letter["reason"] as? String == "non_finite" && letter["field"] as? String == "a", "\(letter)")
    let told = try run.place.run("incident", "show", "\(bad["id"] ?? 0)").output
    #expect(told.contains("offset \(offset) of partition \(partition) of counts made numbers non-finite"), "\(told)")
    #expect(told.contains("without its value of a all would have been finite"), "\(told)")

    // What the large ones did: nothing is promoted while it lasts, and the rate is lowered. The version that serves is not to blame:
    // the one before it answers them no better.
    let spike = try #require(incident("loss_spike"), "\(incidents)")
    #expect(incident("exploding_gradient") != nil && incident("rate_lowered") != nil, "\(incidents)")
    let served = try run.stable()
    #expect(served >= before, "it serves on")
    let shown = try run.place.run("incident", "show", "\(spike["id"] ?? 0)").output
    #expect(shown.contains("no version is promoted while the rule fails"), "\(shown)")

    // Resumed: what goes on is over, a version that came after it serves, and its answers are what they should be.
    seed = 30
    while seed < 36, try run.stable() <= served || run.list("incidents", "--json").contains(where: Self.isOpen) {
      try run.learn(4000, seed)
      seed += 1
    }
    let open = try run.list("incidents", "--json").filter(Self.isOpen)
    #expect(open.isEmpty, "\(open)")
    #expect(try run.stable() > served)
    for (a, b) in [(0.0, 0.0), (0.8, -0.5), (-0.8, 0.5)] {
      let answer = try run.place.run("predict", "--json", #"{"a":\#(a),"b":\#(b)}"#)
      let value = try (answer.json()["outputs"] as? [Double])?.first ?? .nan
      #expect(abs(log(value) - (0.8 * a - 0.5 * b)) < 0.35, "\(a), \(b): \(answer.output) \(answer.complaints)")
    }

    // Every record was learned once, but the one that is named.
    let audit = try run.place.run("audit", "--ledger", "--json")
    let account = try audit.json()
    #expect(audit.code == 0 && account["consumed"] as? Int == run.fed && account["trained"] as? Int == run.fed - 1)
    #expect(account["rejected"] as? Int == 1 && account["lost"] as? Int == 0 && account["duplicated"] as? Int == 0)
    #expect((account["ledger"] as? [String: Any])?["agrees"] as? Bool == true, "\(account)")
    // Nobody but the controller has decided anything.
    let decisions = try run.place.run("status", "--json").json()["decisions"] as? [[String: Any]] ?? []
    #expect(!decisions.isEmpty && decisions.allSatisfy { $0["actor"] as? String == "controller" })
  }

  private static func isOpen(_ incident: [String: Any]) -> Bool { incident["goesOn"] as? Bool == true }
}
