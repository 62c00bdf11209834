import Confinement
import Foundation
import HTTP
import Kafka
import Registry
import Rollouts
import Vocabulary

extension Workload {
  /// From a record's being appended to weights that learned it answering: milliseconds, through all of the service's processes.
  static let freshness = Workload(
    name: "freshness",
    summary: "append records, and see when weights that learned them answer: milliseconds",
    flags: [
      BenchFlag("rate", "n", "5000", "Records a second."),
      BenchFlag("seconds", "n", "40", "How long records are appended and looked at."),
      BenchFlag("warm-up", "n", "20", "Seconds before that: the first version has to be there."),
      BenchFlag(
        "lane", "fast|careful|none", "fast",
        "How versions come to serve; none: each checkpoint does at once, by a person's word that is given here."),
      BenchFlag("workers", "n", "1", "Processes that learn."),
      BenchFlag("checkpoint", "ms", "200", "A checkpoint is written at most this often."),
      BenchFlag("records-min", "n", "1000", "Pairs that a version needs."),
      BenchFlag("step", "records", "32", "Records a step, at most."),
    ]
  ) { options in
    let bench = FreshnessBench(
      rate: try options.int("rate"), seconds: try options.int("seconds"), warmUp: try options.int("warm-up"),
      lane: options.string("lane"), workers: try options.int("workers"), checkpoint: try options.int("checkpoint"),
      recordsMin: try options.int("records-min"), step: try options.int("step"))
    guard ["fast", "careful", "none"].contains(bench.lane) else {
      throw BenchError("--lane is fast, careful or none")
    }
    try blockingAwait(until: .after(.seconds(1800))) { try await bench.run() }
  }
}

/// W1 (64 → 256 → 128 → 1) behind a broker, workers, a controller, PostgreSQL and a server, each a process of its own, all made
/// for the run; records come from here, four partitions in turn, their labels with them.
private struct FreshnessBench: Sendable {
  var rate: Int
  var seconds: Int
  var warmUp: Int
  var lane: String
  var workers: Int
  var checkpoint: Int
  var recordsMin: Int
  var step: Int

  private static let partitions = 4
  private static let name = "freshness"
  /// Records go out together this often.
  private static let burst = Duration.milliseconds(10)
  /// The version that answers is asked this often.
  private static let look = Duration.milliseconds(5)

  func run() async throws {
    let place = try Workplace(name: Self.name, file: file)
    do {
      try await measure(place)
      place.leave()
    } catch {
      place.leave()
      throw error
    }
  }

  private var file: String {
    let features = (0..<TurningRecords.width).map { "    - { name: f\($0), path: x.f\($0), type: float }" }
    return """
      name: \(Self.name)
      source: { topic: \(Self.name), partitions: \(Self.partitions) }
      schema:
        label: { path: y }
        features:
      \(features.joined(separator: "\n"))
      model: { task: binary, hidden: [256, 128] }
      training: { workers: \(workers), records_per_step: \(step), linger: 5ms, optimizer: { kind: adam, learning_rate: 0.001 } }
      checkpoint: { every_steps: 1000000, every: \(checkpoint)ms }
      rollout: { \(gates) }
      serving: { port: 0 }
      """
  }

  /// Where everything is let in from here the controller proposes nothing.
  private var gates: String {
    lane == "none"
      ? "records_min: 1000000000, lane: careful"
      : "records_min: \(recordsMin), candidate_every: 100ms, lane: \(lane)"
  }

  private func measure(_ place: Workplace) async throws {
    try place.start()
    let registry = try await Registry.open(
      uri: place.database, applicationName: "retrain-bench", deadline: .after(.seconds(30)))
    let producer = try KafkaProducer(
      configuration: KafkaConfiguration(brokers: place.brokers, properties: ["linger.ms": "1"]))
    let clock = ContinuousClock()
    let (start, date) = (clock.now, Date())
    let end = start + .seconds(warmUp + seconds)
    async let appended = append(with: producer, from: start, to: end)
    let pipeline = try await Self.pipeline(in: registry)
    async let letIn: Void = letIn(pipeline, registry, until: end)
    let url = try await serverURL(of: pipeline, registry, until: end)
    let swaps = try await watch(url, from: start, to: end + .seconds(3))
    let times = try await appended
    try await letIn
    await producer.close()
    let record = FreshnessRecord(
      times: times, swaps: swaps, began: date, measured: Double(warmUp)..<Double(warmUp + seconds))
    let params = [
      "net": "W1", "rate": "\(rate)", "lane": lane, "workers": "\(workers)", "checkpoint": "\(checkpoint)ms",
      "step": "\(step)",
    ]
    try await record.report(params, pipeline: pipeline, in: registry)
    await registry.close()
  }

  /// Without gates each checkpoint becomes the stable version as soon as the tables tell of it.
  private func letIn(_ pipeline: Int64, _ registry: Registry, until end: ContinuousClock.Instant) async throws {
    guard lane == "none" else { return }
    let bell = Bell()
    let listening = Task { await registry.eachChange(of: pipeline, among: [.checkpoint]) { _ in bell.ring() } }
    defer { listening.cancel() }
    var newest: Int64 = 0
    while ContinuousClock.now < end {
      _ = await bell.wait(atMost: .seconds(1))
      guard let checkpoint = try await registry.newestCheckpoint(pipeline: pipeline), checkpoint.id > newest else {
        continue
      }
      newest = checkpoint.id
      let number = try await registry.addCandidate(pipeline: pipeline, checkpoint: checkpoint.id)
      let versions = try await registry.versionsInPlay(pipeline: pipeline)
      try await registry.apply(
        Rollout.promote(number, by: "bench", versions: versions.map(\.facts)), evidence: "{}", pipeline: pipeline,
        lease: nil)
    }
  }

  private static func pipeline(in registry: Registry) async throws -> Int64 {
    guard let record = try await registry.pipeline(named: name) else { throw BenchError("nothing was registered") }
    return record.id
  }

  /// When each record was handed to the broker's client, by partition and offset, in seconds.
  private func append(
    with producer: KafkaProducer, from start: ContinuousClock.Instant, to end: ContinuousClock.Instant
  ) async throws -> [[Double]] {
    let records = TurningRecords(count: 20_000)
    var times = [[Double]](repeating: [], count: Self.partitions)
    var sent = 0
    while ContinuousClock.now < end {
      let due = Int(start.duration(to: .now).seconds * Double(rate))
      let first = sent
      let now = start.duration(to: .now).seconds
      try await producer.perform { producer in
        for number in first..<max(first, due) {
          try records.line(number, at: now).withUnsafeBytes { bytes in
            try producer.enqueue(
              topic: Self.name, partition: Int32(number % Self.partitions), key: nil, value: bytes,
              until: .after(.seconds(10)))
          }
        }
      }
      for number in first..<max(first, due) { times[number % Self.partitions].append(now) }
      sent = max(sent, due)
      try await Task.sleep(for: Self.burst)
    }
    try await producer.flush(until: .after(.seconds(20)))
    return times
  }

  private func serverURL(
    of pipeline: Int64, _ registry: Registry, until end: ContinuousClock.Instant
  ) async throws -> String {
    while ContinuousClock.now < end {
      if let server = try await registry.servers(pipeline: pipeline, silence: .seconds(5)).first {
        return "http://127.0.0.1:\(server.port)/v2/models/\(Self.name)"
      }
      try await Task.sleep(for: .milliseconds(100))
    }
    throw BenchError("no server came up")
  }

  /// Which version answered from when on, in seconds.
  private func watch(
    _ url: String, from start: ContinuousClock.Instant, to end: ContinuousClock.Instant
  ) async throws -> [(version: Int64, at: Double)] {
    try await onDedicatedThread(named: "watch the server") {
      var swaps: [(version: Int64, at: Double)] = []
      while ContinuousClock.now < end {
        if let answer = try? HTTPCall(url: url).answer(until: .after(.seconds(2))),
          let version = Self.version(in: answer.body), version != swaps.last?.version
        {
          swaps.append((version, start.duration(to: .now).seconds))
        }
        Thread.sleep(forTimeInterval: Self.look.seconds)
      }
      return swaps
    }
  }

  /// Of `"versions":["7"]`.
  private static func version(in body: [UInt8]) -> Int64? {
    let text = String(decoding: body, as: UTF8.self)
    guard let list = text.range(of: "\"versions\":[\"") else { return nil }
    return Int64(text[list.upperBound...].prefix { $0.isNumber })
  }
}
