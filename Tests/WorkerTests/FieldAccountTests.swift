import Collectives
import Evaluation
import Foundation
import Health
import Ingest
import Pipelines
import Testing
import Vocabulary
import Worker

@Suite("Field account")
struct FieldAccountTests {
  private static let stream: MemoryStream = {
    var stream = MemoryStream(partitionCount: 3, recordsPerPartition: 200)
    stream.rejectEvery = 20
    stream.hasMarks = true
    return stream
  }()

  private let fields = ["a", "b", "c", "y"].map { DeclaredField(name: $0, path: $0, isFeature: $0 != "y") }

  /// Worked out from the stream's rules: offsets 1, 21, 41 … are refused, the others kept.
  private func expected(_ divisor: Int64) -> Int64 {
    3 * Int64((0..<Int64(200)).filter { $0 % 20 != 1 && $0 % divisor == 0 }.count)
  }

  @Test("counts are of the whole group, the same whatever the number of workers", arguments: [1, 2, 3])
  func counts(worldSize: Int) async throws {
    for result in try await runRanks(worldSize, smallPipeline(), stream: Self.stream) {
      let report = result.state.fields.report(fields)
      #expect(report.records == 570 && result.state.trained == 570)
      #expect(report.fields[0].total == .init(records: 570, missing: expected(3)))
      #expect(report.fields[1].total == .init(records: 570, clipped: expected(5)))
      #expect(report.fields[2].total.isClean && report.fields[3].total.isClean)
      #expect(report.rejections == [.init(field: "b", reason: "wrong_type", records: 30)])
    }
  }

  @Test("the windows of checkpoints add up to the whole, one that was never written included")
  func windows() async throws {
    let result = try await runRanks(
      1, smallPipeline { $0.checkpoint.everySteps = 10 }, stream: Self.stream)[0]
    #expect(result.snapshots.count > 3)
    let windows = result.snapshots.map { $0.state.fields.report(fields).fields[0].window }
    #expect(windows.reduce(0) { $0 + $1.missing } == expected(3))
    #expect(windows.reduce(0) { $0 + $1.records } == 570)
    #expect(result.snapshots.allSatisfy { $0.seconds > 0 })
    var newer = result.snapshots[1]
    newer.absorb(unwritten: result.snapshots[0])
    let absorbed = newer.state.fields.report(fields).fields[0]
    #expect(absorbed.window.missing == windows[0].missing + windows[1].missing)
    #expect(absorbed.window.records == windows[0].records + windows[1].records)
    #expect(absorbed.total.missing == result.snapshots[1].state.fields.report(fields).fields[0].total.missing)
  }

  @Test("after a restart counting goes on; a field from another path, or a new one, is counted anew")
  func restart() {
    var account = FieldAccount()
    account.addKept(1000)
    account.add(FieldCode(field: 0, .missing), 1000)
    account.note("aa\nab", of: FieldCode(field: 0, .missing))
    account.add(FieldCode(field: 1, .rejected(.wrongType)), 7)
    account.note("\"1.28\" at t/0@3", of: FieldCode(field: 1, .rejected(.wrongType)))
    account.add(FieldCode(field: nil, .rejected(.malformed)), 2)
    let saved = account.report(fields)
    #expect(saved.fields[0].near == ["aa", "ab"])
    var again = FieldAccount(saved, fields)
    var report = again.report(fields)
    #expect(report.fields[0].total == .init(records: 1000, missing: 1000))
    #expect(report.fields[0].window == .init())
    // A window begins anew.
    let kept = saved.rejections.map { rejection in
      var rejection = rejection
      rejection.window = 0
      return rejection
    }
    #expect(report.rejections == kept)
    again.addKept(10)
    again.add(FieldCode(field: 0, .missing), 1)
    #expect(again.report(fields).fields[0].total == .init(records: 1010, missing: 1001))

    // Whose value was refused is known where that field is gone, too.
    let refused = FieldAccount(saved, [fields[0]]).report([fields[0]]).rejections.first { $0.reason == "wrong_type" }
    #expect(refused?.field == nil && refused?.records == 7)
    #expect(refused?.example == "\(fields[1].name): \"1.28\" at t/0@3")

    var mended = fields
    mended[0] = DeclaredField(name: "a", path: "x.a", isFeature: true)
    mended.insert(DeclaredField(name: "new", path: "new", isFeature: true), at: 2)
    var account2 = FieldAccount(saved, mended)
    account2.addKept(10)
    account2.add(FieldCode(field: 2, .missing), 4)
    report = account2.report(mended)
    #expect(report.fields[0].total == .init(records: 10))
    #expect(report.fields[1].total == .init(records: 1010))
    #expect(report.fields[2].total == .init(records: 10, missing: 4))
    #expect(report.rejections == kept)
  }

  @Test("how late labels are is counted by window, of the whole group, and after a restart goes on")
  func delays() async throws {
    var stream = Self.stream
    stream.labelDelay = { $0 < 100 ? 3600 : 100_000 }
    for worldSize in 1...2 {
      for result in try await runRanks(worldSize, smallPipeline { $0.checkpoint.everySteps = 10 }, stream: stream) {
        let delays = try #require(result.state.fields.report(fields).delays)
        #expect(delays.total.counts[12] == 3 * 95 && delays.total.counts[17] == 3 * 95 && delays.total.records == 570)
        let windows = result.snapshots.compactMap { $0.state.fields.report(fields).delays?.window }
        #expect(result.snapshots.isEmpty || windows.reduce(0) { $0 + $1.records } == 570)
        let again = FieldAccount(result.state.fields.report(fields), fields).report(fields).delays
        #expect(again?.total == delays.total && again?.window.records == 0)
      }
    }
    let without = try await runRanks(1, smallPipeline(), stream: Self.stream)[0]
    #expect(without.state.fields.report(fields).delays == nil)
  }

  @Test("what one rank found as an example is known on all, and travels with the state")
  func examples() throws {
    let examples = FieldExamples()
    let code = FieldCode(field: 1, .rejected(.wrongType))
    examples.put(FieldExample(code: code, text: "\"1.28\" at small/0@1"))
    let board = ControlBoard()
    board.wish { $0.stopsAtEnd = true }
    let result = try runLoop(
      smallPipeline(), stream: Self.stream, collective: SoloCollective(generation: Generation(1)), board: board,
      examples: examples)
    #expect(!examples.hasNews)
    let message = try result.state.handOver(learner: [], memory: nil)
    let heir = try TrainingState.receive(message).state
    #expect(heir.fields == result.state.fields)
    #expect(heir.fields.report(fields).rejections.first?.example == "\"1.28\" at small/0@1")
  }

  @Test("the state of an older program loads: fewer reasons, no fields")
  func olderState() throws {
    var state = TrainingState(task: .multiclass(2), progress: [PartitionProgress(partition: 0, startOffset: 4)])
    state.rejected[0] = 3
    state.metrics.add(outputs: [0.9, 0.1], labels: [0], count: 1)
    var older = try #require(
      try JSONSerialization.jsonObject(with: JSONEncoder().encode(state)) as? [String: Any])
    older["fields"] = nil
    older["ledger"] = nil
    older["rejected"] = Array((older["rejected"] as? [Any] ?? []).prefix(5))
    var metrics = older["metrics"] as? [String: Any] ?? [:]
    var tally = metrics["multiclass"] as? [String: Any] ?? [:]
    for key in ["labelled", "predicted", "hits"] { #expect(tally.removeValue(forKey: key) != nil) }
    metrics["multiclass"] = tally
    older["metrics"] = metrics
    let read = try JSONDecoder().decode(
      TrainingState.self, from: JSONSerialization.data(withJSONObject: older))
    #expect(read.rejected == state.rejected)
    #expect(read.fields == FieldAccount())
    #expect(read.metrics.accuracy == 1 && read.metrics.macroF1 == nil)
  }
}
