import Foundation
import HTTP
import Health
import Learning
import Pipelines
import Registry
import Server
import Synchronization
import Telemetry
import Tensors

/// A pipeline with one feature of every kind.
func samplePipeline(task: ModelSettings.Task = .binary, threads: Int = 1) -> Pipeline {
  var speed = FeatureSettings(name: "speed", path: "x.speed", type: .float)
  speed.clip = 0...100
  var weight = FeatureSettings(name: "weight", path: "x.weight", type: .float)
  weight.missing = .reject
  let isNight = FeatureSettings(name: "night", path: "x.night", type: .bool)
  var carrier = FeatureSettings(name: "carrier", path: "x.carrier", type: .category)
  carrier.values = ["AA", "UA", "7"]
  carrier.buckets = 8
  carrier.unknown = .missing
  var model = ModelSettings(task: task)
  model.hidden = [8]
  var serving = ServingSettings()
  serving.rowsMax = 16
  serving.threads = threads
  let classes = task == .multiclass ? ["early", "punctual", "late"] : []
  return Pipeline(
    name: "flights", source: SourceSettings(topic: "flights"),
    schema: FeatureSchema(
      label: LabelSettings(path: "y", classes: classes), features: [speed, weight, isNight, carrier]),
    model: model, training: TrainingSettings(),
    checkpoint: CheckpointSettings(), health: HealthSettings(), rollout: RolloutSettings(), serving: serving)
}

/// Answers with what it was given: the numbers of a row and its category, added up; or with a number it was told.
final class EchoScorer: RowScorer {
  let outputCount: Int
  private let answer: Float?
  private let storage: UnsafeMutablePointer<Float>
  private(set) var rows = 0

  init(outputCount: Int = 1, answer: Float? = nil) {
    self.outputCount = outputCount
    self.answer = answer
    storage = .allocate(capacity: LoadedVersion.sliceRows * outputCount)
  }

  deinit { storage.deallocate() }

  var outputs: UnsafeBufferPointer<Float> { UnsafeBufferPointer(start: storage, count: rows * outputCount) }

  func predict(_ batch: FeatureBatch) {
    rows = batch.count
    for row in 0..<rows {
      let numbers = (0..<batch.numberCount).map { batch.numbers[row * batch.numberCount + $0] }
      let categories = (0..<batch.categoryCount).map { batch.categories[row * batch.categoryCount + $0] }
      let sum = numbers.reduce(0) { $0 + ($1.isNaN ? 1000 : $1) } + Float(categories.reduce(0, +)) * 10_000
      for output in 0..<outputCount { storage[row * outputCount + output] = answer ?? (sum + Float(output)) }
    }
  }

  func isFinite(row: Int) -> Bool { true }
}

/// The answering code without sockets.
struct Desk {
  let answering: RequestAnswering
  let state = ServingState()
  let registry = MetricsRegistry()

  init(_ pipeline: Pipeline = samplePipeline()) {
    let page = StatusPage(pipelineName: pipeline.name)
    answering = RequestAnswering(
      pipeline: pipeline, state: state, metrics: ServerMetrics(registry, pipeline: pipeline.name), page: page)
  }

  func put(_ number: Int64, _ pipeline: Pipeline = samplePipeline(), _ scorer: any RowScorer = EchoScorer()) {
    put(stable: (number, scorer), pipeline)
  }

  /// Puts several versions in place, each with its own scorer.
  func put(
    stable: (number: Int64, scorer: any RowScorer), canary: (number: Int64, scorer: any RowScorer)? = nil,
    share: Double = 0, warm: [(number: Int64, scorer: any RowScorer)] = [], _ pipeline: Pipeline = samplePipeline()
  ) {
    var wanted = ServingVersions(stable: ServingVersion(stable.number), canaryShare: share)
    wanted.canary = canary.map { ServingVersion($0.number) }
    wanted.warm = warm.map { ServingVersion($0.number) }
    var held: [Int64: HeldVersion] = [:]
    for (number, scorer) in [stable] + (canary.map { [$0] } ?? []) + warm {
      held[number] = HeldVersion(
        facts: ServingVersion(number),
        version: LoadedVersion(number: number, pipeline: pipeline, scorers: [scorer]))
    }
    state.swap(to: ServingSet(wanted, held: held, before: state.versions))
  }

  /// Asks as the server does: a second time on the slow lane where that is wanted.
  func answer(
    _ method: HTTPMethod, _ path: String, _ body: [UInt8] = [], coding: String? = nil, headerLength: String? = nil
  ) -> HTTPResponse {
    let path = Array(path.utf8)
    return path.withUnsafeBytes { path in
      body.withUnsafeBytes { body in
        var question = ServerQuestion(
          method: method, path: path, body: body, coding: coding, headerLength: headerLength)
        let quick = answering.answer(question)
        guard case .later = quick.content else { return quick }
        question = ServerQuestion(
          method: method, path: path, body: body, coding: coding, headerLength: headerLength, isDeferred: true)
        return answering.answer(question)
      }
    }
  }

  func ask(_ method: HTTPMethod, _ path: String, _ body: String = "") -> (status: Int, text: String) {
    let response = answer(method, path, Array(body.utf8))
    return (response.status, response.text)
  }

  func infer(_ body: String) -> (status: Int, text: String) { ask(.post, "/v2/models/flights/infer", body) }
}

extension HTTPResponse {
  var bytes: [UInt8] {
    guard case .bytes(let bytes) = content else { return [] }
    return bytes
  }

  var text: String { String(decoding: bytes, as: UTF8.self) }

  func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

extension ServingVersion {
  /// Of the checkpoint that doubles give a version.
  init(_ number: Int64, since: Date = Date(timeIntervalSince1970: 0)) {
    self.init(number: number, checkpoint: number * 10, since: since)
  }
}

/// The registry's part, played from memory.
final class FakeSource: VersionSource {
  private struct State {
    var versions = ServingVersions()
    var read: [Int64] = []
    var states: [Int64: [UInt8]] = [:]
    var contracts: [Int64: String] = [:]
    var reports: [ServerReport] = []
    var gate: AsyncStream<Void>?
    var memory: LineageMemory?
    var isAway = false
    var isWithdrawn = false
  }
  struct Away: Error {}

  private let state = Mutex(State())
  private let told = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

  /// Makes a version stable and tells of it, or not.
  func promote(_ number: Int64, state bytes: [UInt8], contract: String? = nil, tells: Bool = true) {
    state.withLock {
      $0.contracts[number * 10] = contract
      $0.states[number * 10] = bytes
      if let before = $0.versions.stable {
        $0.versions.warm = Array(([ServingVersion(before.number, since: Date())] + $0.versions.warm).prefix(3))
      }
      $0.versions.stable = ServingVersion(number, since: Date())
    }
    if tells { told.continuation.yield() }
  }

  /// Has a version ready to be read; nothing is told.
  func store(_ number: Int64, state bytes: [UInt8]) { state.withLock { $0.states[number * 10] = bytes } }

  /// Makes the versions in play others, and tells of it.
  func change(_ body: (inout ServingVersions) -> Void) {
    state.withLock { body(&$0.versions) }
    told.continuation.yield()
  }

  func withdrawStable() { change { $0 = ServingVersions() } }

  /// The checkpoints whose states were asked for, in order.
  var read: [Int64] { state.withLock { $0.read } }

  var isAway: Bool {
    get { state.withLock { $0.isAway } }
    set { state.withLock { $0.isAway = newValue } }
  }
  var reports: [ServerReport] { state.withLock { $0.reports } }
  var isWithdrawn: Bool { state.withLock { $0.isWithdrawn } }

  private func present() throws { if isAway { throw Away() } }

  func servingVersions() async throws -> ServingVersions {
    try present()
    return state.withLock { $0.versions }
  }
  func state(ofCheckpoint checkpoint: Int64) async throws -> [UInt8] {
    try present()
    let (bytes, gate) = state.withLock { state in
      state.read.append(checkpoint)
      return (state.states[checkpoint] ?? [], state.gate)
    }
    if let gate { for await _ in gate {} }
    return bytes
  }

  /// Has nobody get a state from now on until what this gives is called.
  func holdStates() -> @Sendable () -> Void {
    let gate = AsyncStream<Void>.makeStream()
    state.withLock { $0.gate = gate.stream }
    return { [self] in
      state.withLock { $0.gate = nil }
      gate.continuation.finish()
    }
  }
  func contract(ofCheckpoint checkpoint: Int64) async throws -> String? {
    state.withLock { $0.contracts[checkpoint] }
  }
  /// What the stream has said by key.
  var memory: LineageMemory? {
    get { state.withLock { $0.memory } }
    set { state.withLock { $0.memory = newValue } }
  }

  func newestMemory(alongside checkpoint: Int64, after known: Int64?) async throws -> LineageMemory? {
    try present()
    return memory.flatMap { $0.checkpoint == known ? nil : $0 }
  }

  func health(ofCheckpoint checkpoint: Int64) async throws -> [LayerHealth] { [] }
  func report(_ report: ServerReport) async throws {
    try present()
    state.withLock { $0.reports.append(report) }
  }
  func withdraw(serverID: String) async throws { state.withLock { $0.isWithdrawn = true } }
  func eachChange(_ body: @Sendable () -> Void) async throws { for await _ in told.stream { body() } }
  func close() async {}
}

/// Answers anything, and keeps what it was told to of the last batch.
final class SpyScorer<Seen>: RowScorer {
  private(set) var seen: Seen?
  private let look: (FeatureBatch) -> Seen
  private let storage = UnsafeMutablePointer<Float>.allocate(capacity: LoadedVersion.sliceRows)
  private var rows = 0

  init(_ look: @escaping (FeatureBatch) -> Seen) {
    self.look = look
    storage.initialize(repeating: 0.5, count: LoadedVersion.sliceRows)
  }

  deinit { storage.deallocate() }

  let outputCount = 1
  var outputs: UnsafeBufferPointer<Float> { UnsafeBufferPointer(start: storage, count: rows) }
  func predict(_ batch: FeatureBatch) { (rows, seen) = (batch.count, look(batch)) }
  func isFinite(row: Int) -> Bool { true }
}
