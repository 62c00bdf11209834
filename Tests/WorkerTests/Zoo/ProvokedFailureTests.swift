import Evaluation
import Health
import Learning
import Pipelines
import Testing
import Vocabulary
import Worker

/// The failures that training has by itself (dead neurons, vanishing gradients, wild values, saturation, hot spots), each
/// provoked through the true step loop and held against the rules as they are by default.
@Suite("Provoked failures")
struct ProvokedFailureTests {
  private static let stream = ZooStream(seed: 11)
  private static let windows = 12
  /// What these failures are found by.
  private static let kinds: Set<HealthRule> = [
    .nonFinite, .deadUnits, .zeroShare, .allZero, .vanishingGradient, .explodingGradient, .lossSpike, .diverging,
    .wildValues, .saturated, .tailMass, .hotSpot,
  ]

  private func run(
    _ pipeline: Pipeline, windows: Int = Self.windows, policy: HealthPolicy = HealthPolicy(),
    change: (@Sendable (ZooStream, Int32, Int64) -> ZooRecord)? = nil
  ) throws -> (result: LoopResult, findings: [[HealthFinding]]) {
    var (stream, keeper) = (Self.stream, ZooKeeper())
    stream.change = change
    let result = try ZooRig(stream: stream, pipeline: pipeline).run(upTo: windows)
    let spec = LearnerSpec(pipeline)
    return (result, try result.snapshots.map { try keeper.look($0, of: spec, policy: policy) })
  }

  private func failed(_ findings: [[HealthFinding]]) -> [HealthFinding] {
    findings.joined().filter { $0.verdict == .fail }
  }

  /// Of the last window, test then train.
  private func loss(_ result: LoopResult) -> Double { result.snapshots.last?.state.window.meanLoss ?? .infinity }

  @Test(
    "each is found, in its layer, and keeps versions from being promoted; with the rules off nothing does, and the loss is worse",
    arguments: Provocation.all)
  func found(_ provocation: Provocation) throws {
    let (result, findings) = try run(provocation.pipeline)
    #expect(result.error == nil && findings.count == Self.windows)
    let rules = Set(provocation.foundBy.map(\.rawValue))
    let found = failed(findings).filter { rules.contains($0.rule) }
    let first = try #require(found.first { ($0.feature ?? $0.layer) == provocation.subject }, "\(failed(findings))")
    #expect(first.action == .freezePromotion)

    let off = HealthPolicy(settings: provocation.off.map { HealthPolicy.Setting(rule: $0, action: .off) })
    let (_, unseen) = try run(provocation.pipeline, policy: off)
    let freezing = failed(unseen).filter { $0.action?.freezes ?? false }
    #expect(freezing.isEmpty, "\(freezing.map(\.sentence))")
    let (quiet, _) = try run(ZooRig.usual)
    print("PROVOKED \(provocation.name): \(first.sentence); loss \(loss(result)), undisturbed \(loss(quiet))")
    #expect(loss(result) > loss(quiet) + 0.02)
  }

  @Test("none of them is found where nothing was provoked")
  func quiet() throws {
    let (_, findings) = try run(ZooRig.usual)
    let kinds = Set(Self.kinds.map(\.rawValue))
    let found = failed(findings).filter { kinds.contains($0.rule) }
    #expect(findings.count == Self.windows && found.isEmpty, "\(found.map(\.sentence))")
  }

  @Test("values that are far too large count as absent, are told of, and keep versions from being promoted")
  func wild() throws {
    let beginning = Int64(Self.windows / 2 * 16 * 16)
    let (result, findings) = try run(
      ZooRig.usual,
      change: { stream, partition, offset in
        var record = stream.sent(partition, offset)
        if offset >= beginning, offset % 5 == 0 { record.d *= 1e6 }
        return record
      })
    let found = try #require(failed(findings).first { $0.rule == HealthRule.wildValues.rawValue })
    #expect(found.feature == "d" && found.action == .freezePromotion)
    // What they would do as they are: standardised by the usual deviation one is millions of deviations away.
    #expect(failed(findings).allSatisfy { $0.rule != HealthRule.nonFinite.rawValue } && loss(result).isFinite)
  }

  @Test(
    "a dear activation in one layer is found, and a model of usual layers has no such layer", .timeLimit(.minutes(3)))
  func hotSpot() throws {
    func pipeline(_ hidden: [Int], _ activation: String) -> Pipeline {
      var pipeline = ZooRig.usual
      (pipeline.model.hidden, pipeline.model.activation) = (hidden, activation)
      pipeline.training.recordsPerPartition = 4
      // Of a window of so many steps 100 are timed, of which ten have to be undisturbed.
      pipeline.checkpoint.everySteps = 6400
      return pipeline
    }
    let (sick, findings) = try run(pipeline([8, 1024], "softmax"), windows: 3)
    let found = failed(findings).filter { $0.rule == HealthRule.hotSpot.rawValue }
    let first = try #require(found.first, "\(sick.snapshots.last?.costs ?? [])")
    #expect(found.count == 1 && first.layer == "hidden_2" && first.action == .note)
    print("PROVOKED hot spot: \(first.sentence)")
    for (hidden, activation) in [([64, 32], "gelu"), ([8, 1024], "relu"), ([512, 64], "gelu")] {
      let (_, findings) = try run(pipeline(hidden, activation), windows: 3)
      let said = (findings.last ?? []).filter { $0.rule == HealthRule.hotSpot.rawValue }
      print("PROVOKED none, \(hidden) \(activation): \(said.map(\.observed))")
      #expect(!said.isEmpty && said.allSatisfy { $0.verdict == .pass }, "\(said)")
    }
  }
}
