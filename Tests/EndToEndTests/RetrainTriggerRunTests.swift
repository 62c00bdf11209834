import Foundation
import Testing

/// The stream learned once more because something asks for it, with real processes.
@Suite("Retraining by itself, for real", .serialized)
struct RetrainTriggerRunTests {
  private let place: Workplace
  private let file: String

  init() throws {
    place = try Workplace()
    file = place.folder + "/asked.yaml"
    #expect(try place.run("dev", "up").code == 0)
  }

  private func write(rest: String) throws {
    try """
    name: asked
    source: { topic: asked, partitions: 2 }
    schema:
      label: { path: y }
      features:
        - { name: a, type: float, normalize: standard }
        - { name: b, type: float, normalize: standard }
    model: { task: binary, hidden: [16, 8], activation: relu }
    training:
      workers: 1
      ledger: true
      linger: 20ms
      records_per_partition: 8
      clip_global_norm: 1
      optimizer: { kind: sgd, learning_rate: 0.01 }
    checkpoint: { every_steps: 20, every: 1s }
    rollout: { records_min: 200, candidate_every: 1s, lane: careful }
    \(rest)
    """.write(toFile: file, atomically: true, encoding: .utf8)
  }

  /// - Parameter isOther: What means one class so far means the other.
  private func feed(_ numbers: Range<Int>, isOther: Bool = false) throws {
    let lines = numbers.map { number in
      let a = Double(number * 37 % 101) - 50
      return "{\"a\":\(a),\"b\":\(Double(number * 53 % 97)),\"y\":\((a > 0) != isOther ? 1 : 0)}\n"
    }.joined()
    try lines.write(toFile: place.folder + "/asked.jsonl", atomically: true, encoding: .utf8)
    let fed = try place.run("feed", place.folder + "/asked.jsonl", "--pipeline", file)
    #expect(fed.code == 0, "\(fed.complaints)")
  }

  private func consumed() throws -> Int { (try? place.run("audit", "--json").json())?["consumed"] as? Int ?? -1 }

  private func asked() throws -> Int {
    let list = try JSONSerialization.jsonObject(with: Data(try place.run("incidents", "--json").output.utf8))
    return (list as? [[String: Any]] ?? []).count { $0["kind"] as? String == "retrain_asked" }
  }

  private func replay() throws -> [String: Any]? {
    (try? place.run("status", "--json").json())?["runs"].flatMap { ($0 as? [[String: Any]])?.first }
  }

  @Test("a stream that has become another begins exactly one run, however long that goes on")
  func drift() throws {
    try write(
      rest: """
        retrain: { on: [drift, metric_drop], cool_down: 6h, from: earliest, metric_drop: { measure: auc, by: 0.2, records_min: 500 } }
        """)
    try feed(0..<4000)
    let run = try place.begin("start", file)
    #expect(try place.eventually(within: .seconds(90)) { try consumed() == 4000 }, "\(run.complaintsSoFar)")
    #expect(try asked() == 0, "nothing has changed so far")
    try feed(4000..<7000, isOther: true)
    let isOver = try place.eventually(within: .seconds(120)) { try replay()?["outcome"] is String }
    let first = try replay()
    #expect(isOver && first?["phase"] as? String == "done", "\(first ?? [:]) \(run.complaintsSoFar.suffix(2000))")
    try feed(7000..<9000)
    #expect(
      try place.eventually(within: .seconds(90)) { try consumed() >= 8900 }, "\(run.complaintsSoFar.suffix(2000))")
    run.interrupt()
    #expect(run.end().code == 0)
    #expect(try asked() == 1)
    #expect(try replay()?["name"] as? String == "replay-1")
    #expect(try place.run("audit", "--run", "replay-2").code == 64, "there was no second one")
    let told = try place.run("incidents").output
    #expect(told.contains("metric_drop") || told.contains("drift"), "\(told)")
    let report = try place.run("audit", "--run", "replay-1", "--ledger", "--json").json()
    #expect(report["lost"] as? Int == 0 && report["duplicated"] as? Int == 0)
  }
}
