import Foundation
import Registry
import Rollouts
import TestKit
import Testing
import Vocabulary

@Suite("Samples of live requests")
struct ServingTests {
  @Test("are remembered in their order as long as anybody asks, of versions that there are, each once")
  func samples() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let version = try await registry.addCandidate(pipeline: pipeline, checkpoint: fixture.saveLineage(of: 1)[0])
    let noon = Date(timeIntervalSince1970: 1_700_000_000)
    func sample(_ seconds: Double, of number: Int64, failed: Int64) -> ServingSample {
      ServingSample(
        at: noon.addingTimeInterval(seconds), version: number, counts: ServingCounts(requests: 10, failed: failed))
    }
    let all = [sample(0, of: version, failed: 1), sample(10, of: version, failed: 2)]
    try await registry.add(all + [sample(10, of: 99, failed: 0)], pipeline: pipeline, forgetBefore: .distantPast)
    try await registry.add(all, pipeline: pipeline, forgetBefore: .distantPast)
    #expect(try await registry.servingSamples(pipeline: pipeline, after: .distantPast) == all)
    #expect(try await registry.servingSamples(pipeline: pipeline, after: noon) == [all[1]])
    try await registry.add([], pipeline: pipeline, forgetBefore: noon)
    #expect(try await registry.servingSamples(pipeline: pipeline, after: .distantPast) == [all[1]])
    await registry.close()
  }

  @Test("come from what servers say of themselves, as long as they are heard of")
  func totals() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let version = try await registry.addCandidate(pipeline: pipeline, checkpoint: fixture.saveLineage(of: 1)[0])
    var outputs = ServerReport.Outputs(requests: 100)
    (outputs.errors, outputs.shed) = (2, 3)
    // Of bounds of 0.05 and 0.1 s and so on: 10 within the one, 4 within the other, 1 beyond the last.
    outputs.latency = [Int64](repeating: 0, count: ServerReport.latencyBounds.count + 1)
    let places = ServerReport.latencyBounds.enumerated()
    for (place, bound) in places where bound == 0.05 { outputs.latency[place] = 10 }
    for (place, bound) in places where bound == 0.1 { outputs.latency[place] = 4 }
    outputs.latency[outputs.latency.count - 1] = 1
    let report = ServerReport(id: "s", address: "127.0.0.1", port: 1, outputs: [version: outputs])
    try await registry.reportServer(pipeline: pipeline, report)
    for (limit, slow) in [(50, 5), (100, 1), (99, 5), (nil, 0)] as [(Int?, Int64)] {
      let totals = try await registry.servingTotals(
        pipeline: pipeline, silence: .seconds(30), slowerThan: limit.map { .milliseconds($0) })
      #expect(totals.map(\.counter.server) == ["s"] && totals.map(\.counter.version) == [version])
      #expect(totals.map(\.counts) == [ServingCounts(requests: 103, failed: 5, slow: slow)])
    }
    await registry.close()
  }
}
