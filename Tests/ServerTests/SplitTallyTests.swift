import Evaluation
import Foundation
import HTTP
import Pipelines
import Registry
import Rollouts
import Server
import Testing

@Suite("How requests are dealt, by key")
struct SplitTallyTests {
  private func desk(canary: any RowScorer, share: Double) -> Desk {
    let desk = Desk()
    desk.put(stable: (1, EchoScorer(answer: 0.5)), canary: (2, canary), share: share)
    return desk
  }

  private static func body(key: Int?) -> String {
    let parameters = key.map { #""parameters":{"key":"user-\#($0)"},"# } ?? ""
    return #"{\#(parameters)"inputs":[{"name":"weight","datatype":"FP32","shape":[1],"data":[1]}]}"#
  }

  @Test("a key counts once, whoever it asks for and however often; requests without one count each")
  func keys() throws {
    let desk = desk(canary: EchoScorer(answer: 0.75), share: 0.25)
    for _ in 0..<3 { for key in 0..<400 { #expect(desk.infer(Self.body(key: key)).status == 200) } }
    let split = try #require(desk.state.splitReport)
    #expect(split.version == 2 && split.share == 0.25 && split.canary + split.stable == 400)
    #expect(abs(split.canary - 100) < 30 && desk.state.outputs[2]?.live == 3 * split.canary)
    for _ in 0..<200 { _ = desk.infer(Self.body(key: nil)) }
    let more = try #require(desk.state.splitReport)
    #expect(more.canary + more.stable == 600 && abs(more.canary - split.canary - 50) <= 2)
    // A version that is asked by its number is not dealt anything, and what is wrong says nothing.
    _ = desk.ask(.post, "/v2/models/flights/versions/2/infer", Self.body(key: 1000))
    _ = desk.infer("{}")
    #expect(desk.state.splitReport == more && desk.state.outputs[2]?.requests == (desk.state.outputs[2]?.live ?? 0) + 1)
  }

  @Test(
    "what the canary fails at counts for who answered; another share begins anew, and without a canary nothing is dealt"
  )
  func fallback() throws {
    let desk = desk(canary: EchoScorer(answer: .nan), share: 0.5)
    for key in 0..<100 { #expect(desk.infer(Self.body(key: key)).status == 200) }
    #expect(desk.state.splitReport == ServerReport.Split(version: 2, share: 0.5, canary: 0, stable: 100))
    #expect(desk.state.outputs[2]?.live == 0)
    desk.put(stable: (1, EchoScorer(answer: 0.5)), canary: (2, EchoScorer()), share: 0.5)
    #expect(desk.state.splitReport?.stable == 100)
    desk.put(stable: (1, EchoScorer(answer: 0.5)), canary: (2, EchoScorer()), share: 0.75)
    #expect(desk.state.splitReport == ServerReport.Split(version: 2, share: 0.75))
    desk.put(1)
    #expect(desk.state.splitReport == nil)
  }

  @Test("what became of the requests is counted on either side, and anew with each share; of the warm-up nothing")
  func measured() throws {
    let desk = desk(canary: EchoScorer(answer: .nan), share: 0.5)
    for key in 0..<100 { _ = desk.infer(Self.body(key: key)) }
    // What is wrong with a request is nobody's failure.
    _ = desk.infer("{}")
    let failing = try #require(desk.state.splitAnswers)
    let (own, other) = (failing.canary.failures, failing.stable.failures)
    #expect(own.mean == 1 && own.count + other.count == 100 && other.mean == 0 && abs(own.count - 50) < 25)
    #expect(failing.canary.times.count == 0 && failing.stable.times.count == other.count)
    desk.put(stable: (1, EchoScorer(answer: 0.5)), canary: (2, EchoScorer()), share: 0.75)
    #expect(desk.state.splitAnswers?.canary.failures.count == 0)
    for key in 0..<100 { _ = desk.infer(Self.body(key: key)) }
    let good = try #require(desk.state.splitAnswers)
    #expect(good.canary.failures.mean == 0 && good.canary.times.count > 50 && good.stable.times.count > 5)
    desk.put(1)
    #expect(desk.state.splitAnswers == nil)

    var pipeline = samplePipeline()
    pipeline.rollout.warmUp = .seconds(3600)
    let warming = Desk(pipeline)
    warming.put(stable: (1, EchoScorer(answer: 0.5)), canary: (2, EchoScorer(answer: .nan)), share: 0.5, pipeline)
    for key in 0..<20 { _ = warming.infer(Self.body(key: key)) }
    #expect(warming.state.splitAnswers?.canary.failures.count == 0)
  }

  @Test("in the shadow both are measured by what they compute, and a bad number is the canary's failure")
  func shadowMeasured() throws {
    var pipeline = samplePipeline()
    pipeline.rollout.canaryMode = .shadow
    let desk = Desk(pipeline)
    desk.put(stable: (1, EchoScorer(answer: 0.5)), canary: (2, EchoScorer(answer: 0.75)), share: 0.5, pipeline)
    for _ in 0..<100 { _ = desk.infer(Self.body(key: nil)) }
    let answers = try #require(desk.state.splitAnswers)
    #expect(answers.canary.times.count == answers.stable.times.count && abs(answers.canary.times.count - 50) <= 2)
    desk.put(stable: (1, EchoScorer(answer: 0.5)), canary: (3, EchoScorer(answer: .nan)), share: 0.5, pipeline)
    for _ in 0..<100 { _ = desk.infer(Self.body(key: nil)) }
    #expect(desk.state.splitAnswers?.canary.failures.mean == 1 && desk.state.splitAnswers?.stable.times.count == 0)
  }

  @Test("in the shadow nothing is dealt, and what was computed beside counts as live")
  func shadow() {
    var pipeline = samplePipeline()
    pipeline.rollout.canaryMode = .shadow
    let desk = Desk(pipeline)
    desk.put(stable: (1, EchoScorer(answer: 0.5)), canary: (2, EchoScorer(answer: 0.75)), share: 0.5, pipeline)
    for _ in 0..<100 { _ = desk.infer(Self.body(key: nil)) }
    #expect(desk.state.splitReport?.canary == 0 && desk.state.splitReport?.stable == 0)
    #expect(abs((desk.state.outputs[2]?.live ?? 0) - 50) <= 2)
  }

  @Test("no more keys are remembered than there is room for")
  func bounded() {
    var keys = KeySet()
    for key in 0..<100_000 as Range<UInt64> { _ = keys.insert(key &* 0x9E37_79B9_7F4A_7C15) }
    #expect(keys.count == KeySet.countMax && !keys.insert(0) && !keys.insert(12345))
  }
}
