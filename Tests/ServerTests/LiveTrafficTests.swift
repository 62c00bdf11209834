import Foundation
import HTTP
import Pipelines
import Registry
import Server
import Telemetry
import Tensors
import Testing

@Suite("Live traffic by version")
struct LiveTrafficTests {
  private static let body = #"{"inputs":[{"name":"weight","datatype":"FP32","shape":[2],"data":[1,2]}]}"#

  private static func pipeline(_ mode: RolloutSettings.CanaryMode) -> Pipeline {
    var pipeline = samplePipeline()
    pipeline.rollout.canaryMode = mode
    return pipeline
  }

  private func desk(_ mode: RolloutSettings.CanaryMode, canary: any RowScorer, share: Double = 1) -> Desk {
    let desk = Desk(Self.pipeline(mode))
    desk.put(stable: (1, EchoScorer(answer: 0.5)), canary: (2, canary), share: share)
    return desk
  }

  @Test("in shadow mode the stable version answers, and how far the canary is away is counted")
  func shadow() throws {
    let desk = desk(.shadow, canary: EchoScorer(answer: 0.75))
    let alone = Desk()
    alone.put(1, samplePipeline(), EchoScorer(answer: 0.5))
    for _ in 0..<10 { #expect(desk.infer(Self.body).text == alone.infer(Self.body).text) }
    let outputs = try #require(desk.state.outputs[2])
    #expect(outputs.shadowOutputs == 20 && outputs.meanShadowDifference == 0.25 && outputs.shadowFailures == 0)
    #expect(outputs.requests == 0)
    #expect(desk.state.outputs[1]?.requests == 10)
    let text = desk.registry.prometheusText()
    #expect(text.contains(#"retrain_server_shadow_mean_difference{pipeline="flights",version="2"} 0.25"#))
    #expect(text.contains(#"retrain_server_shadow_outputs_total{pipeline="flights",version="2"} 20"#))
  }

  @Test("a canary that fails in the shadow costs no answer, and what is not finite is told")
  func failingShadow() throws {
    let desk = desk(.shadow, canary: EchoScorer(answer: .infinity))
    for _ in 0..<3 { #expect(desk.infer(Self.body).text.contains("[0.5,0.5]")) }
    let outputs = try #require(desk.state.outputs[2])
    #expect(outputs.shadowFailures == 3 && outputs.nonFinite == 3 && outputs.shadowOutputs == 0)
    #expect(desk.state.outputs[1]?.errors == 0)
  }

  @Test("only its share of the requests is computed in the shadow, and a version by its number is no shadow")
  func shadowShare() throws {
    let desk = desk(.shadow, canary: EchoScorer(answer: 0.75), share: 0.25)
    for _ in 0..<200 { _ = desk.infer(Self.body) }
    #expect(abs((desk.state.outputs[2]?.shadowOutputs ?? 0) - 100) <= 6)
    let reply = desk.ask(.post, "/v2/models/flights/versions/2/infer", Self.body)
    #expect(reply.text.contains("[0.75,0.75]") && reply.text.contains(#""canary":true"#))
    #expect(desk.state.outputs[2]?.requests == 1)
  }

  @Test("requests, errors, held back answers and times are told by version, for those that are loaded")
  func byVersion() throws {
    let desk = desk(.live, canary: EchoScorer(answer: .nan), share: 0.5)
    for _ in 0..<100 { #expect(desk.infer(Self.body).status == 200) }
    #expect(desk.infer("{}").status == 400)
    let (stable, canary) = (try #require(desk.state.outputs[1]), try #require(desk.state.outputs[2]))
    #expect(stable.requests == 100 && stable.errors == 0 && stable.latency.reduce(0, +) == 100)
    #expect(canary.errors == canary.requests && canary.nonFinite == canary.requests)
    #expect(abs(canary.requests - 50) <= 2 && canary.latency.reduce(0, +) == 0)
    var text = desk.registry.prometheusText()
    for line in [
      #"retrain_server_version_requests_total{pipeline="flights",version="1"} 100"#,
      #"retrain_server_version_errors_total{pipeline="flights",version="2"} \#(canary.errors)"#,
      #"retrain_server_version_non_finite_total{pipeline="flights",version="2"} \#(canary.nonFinite)"#,
      #"retrain_server_version_shed_total{pipeline="flights",version="1"} 0"#,
      #"retrain_server_version_duration_seconds_count{pipeline="flights",version="1"} 100"#,
      #"retrain_server_version_duration_seconds_bucket{pipeline="flights",version="1",le="+Inf"} 100"#,
    ] { #expect(text.contains(line + "\n"), "\(line)") }
    // What is not loaded any more is not told for ever.
    desk.put(3)
    text = desk.registry.prometheusText()
    #expect(!text.contains(#"version="1""#) && text.contains(#"version="3""#))
    #expect(desk.state.outputs[1]?.requests == 100)
  }

  @Test("a version with nothing free sheds load, and that is counted")
  func shed() throws {
    let desk = Desk()
    let blocked = BlockedScorer()
    desk.put(1, samplePipeline(), blocked)
    // The slow lane has one desk for large requests: the second one is turned away.
    let large = #"{"inputs":[{"name":"weight","datatype":"FP32","shape":[2],"data":[1,2]}],"pad":"\#(Self.pad)"}"#
    blocked.duringPrediction = {
      #expect(desk.ask(.post, "/v2/models/flights/infer", large).status == 503)
    }
    #expect(desk.ask(.post, "/v2/models/flights/infer", large).status == 200)
    #expect(desk.state.outputs[1]?.shed == 1 && desk.state.outputs[1]?.errors == 0)
  }

  private static let pad = String(repeating: "x", count: 20_000)
}

/// Calls somebody in the middle of its first prediction.
private final class BlockedScorer: RowScorer {
  var duringPrediction: (() -> Void)?
  let outputCount = 1
  private let storage = UnsafeMutablePointer<Float>.allocate(capacity: LoadedVersion.sliceRows)
  private var rows = 0

  init() { storage.initialize(repeating: 0.5, count: LoadedVersion.sliceRows) }
  deinit { storage.deallocate() }

  var outputs: UnsafeBufferPointer<Float> { UnsafeBufferPointer(start: storage, count: rows) }

  func predict(_ batch: FeatureBatch) {
    rows = batch.count
    let body = duringPrediction
    duringPrediction = nil
    body?()
  }

  func isFinite(row: Int) -> Bool { true }
}
