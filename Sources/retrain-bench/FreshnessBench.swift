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
      BenchFlag("lane", "fast|careful", "fast", "How versions come to serve."),
      BenchFlag("workers", "n", "1", "Processes that learn."),
      BenchFlag("checkpoint", "ms", "200", "A checkpoint is written at most this often."),
      BenchFlag("records-min", "n", "1000", "Pairs that a version needs."),
    ]
  ) { options in
    let bench = FreshnessBench(
      rate: try options.int("rate"), seconds: try options.int("seconds"), warmUp: try options.int("warm-up"),
      lane: options.string("lane"), workers: try options.int("workers"), checkpoint: try options.int("checkpoint"),
      recordsMin: try options.int("records-min"))
    guard ["fast", "careful"].contains(bench.lane) else { throw BenchError("--lane is fast or careful") }
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
      training: { workers: \(workers), linger: 5ms, optimizer: { kind: adam, learning_rate: 0.001 } }
      checkpoint: { every_steps: 1000000, every: \(checkpoint)ms }
      rollout: { records_min: \(recordsMin), candidate_every: 100ms, lane: \(lane) }
      serving: { port: 0 }
      """
  }

  private func measure(_ place: Workplace) async throws {
    try place.start()
    let registry = try await Registry.open(
      uri: place.database, applicationName: "retrain-bench", deadline: .after(.seconds(30)))
    let producer = try KafkaProducer(
      configuration: KafkaConfiguration(brokers: place.brokers, properties: ["linger.ms": "1"]))
    let clock = ContinuousClock()
    let start = clock.now
    let end = start + .seconds(warmUp + seconds)
    async let appended = append(with: producer, from: start, to: end)
    let pipeline = try await Self.pipeline(in: registry)
    let url = try await serverURL(of: pipeline, registry, until: end)
    let swaps = try await watch(url, from: start, to: end + .seconds(3))
    let times = try await appended
    await producer.close()
    try await report(times, swaps, pipeline, registry)
    await registry.close()
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

  private func report(
    _ times: [[Double]], _ swaps: [(version: Int64, at: Double)], _ pipeline: Int64, _ registry: Registry
  ) async throws {
    var next = [Int](repeating: 0, count: Self.partitions)
    var ages: [Double] = []
    func isMeasured(_ time: Double) -> Bool { time >= Double(warmUp) && time < Double(warmUp + seconds) }
    for swap in swaps {
      guard let version = try await registry.version(swap.version, pipeline: pipeline),
        let checkpoint = try await registry.checkpoint(version.checkpoint)
      else { continue }
      for progress in checkpoint.progress where Int(progress.partition) < Self.partitions {
        let partition = Int(progress.partition)
        let learned = min(Int(progress.nextOffset), times[partition].count)
        // Who has answered with a record once may not do so for ever; that is the rollback's, not freshness.
        for offset in next[partition]..<max(next[partition], learned) {
          let time = times[partition][offset]
          if isMeasured(time) { ages.append((swap.at - time) * 1000) }
        }
        next[partition] = max(next[partition], learned)
      }
    }
    let asked = times.reduce(0) { $0 + $1.count(where: isMeasured) }
    // Those that nobody had learned at the end count as old as they were then: no figure becomes better by them.
    let end = swaps.last.map { max($0.at, Double(warmUp + seconds)) } ?? Double(warmUp + seconds)
    for partition in 0..<Self.partitions {
      for offset in next[partition]..<max(next[partition], times[partition].count) {
        let time = times[partition][offset]
        if isMeasured(time), time < end - 5 { ages.append((end - time) * 1000) }
      }
    }
    guard !ages.isEmpty else { throw BenchError("no version came to serve in \(warmUp + seconds) s") }
    ages.sort()
    func quantile(_ share: Double) -> Double { ages[min(ages.count - 1, Int(share * Double(ages.count)))] }
    let decisions = try await registry.decisions(pipeline: pipeline, limit: 100_000)
    let inside = swaps.count { isMeasured($0.at) }
    let params = [
      "net": "W1", "rate": "\(rate)", "lane": lane, "workers": "\(workers)", "records": "\(asked)",
      "answered": "\(ages.count)", "swaps": "\(inside)",
      "on_watch": "\(decisions.count { $0.rule == "trend" && $0.to == .stable })",
      "confirmed": "\(decisions.count { $0.from == .stable && $0.to == .stable })",
      "rejected": "\(decisions.count { $0.to == .rejected })",
      "rolled_back": "\(decisions.count { $0.to == .rolledBack })",
    ]
    for share in [0.5, 0.9, 0.99, 1] {
      try BenchReport(
        workload: Self.name, params: params.merging(["quantile": "\(share)"]) { $1 }, samples: [quantile(share)],
        unit: "ms"
      ).emit()
    }
  }
}

/// Records of 64 numbers, over and over, whose labels follow a direction that turns: what is fresh is better.
private struct TurningRecords: Sendable {
  static let width = 64
  /// A whole turn.
  private static let turn = 600.0

  private var starts: [[UInt8]] = []
  /// On two axes, and what nobody can know.
  private var projections: [(Double, Double, Double)] = []

  init(count: Int) {
    var random = SplitMix64(seed: 14)
    let axes = (0..<Self.width).map { _ in (random.nextUnit() - 0.5, random.nextUnit() - 0.5) }
    for _ in 0..<count {
      let numbers = (0..<Self.width).map { _ in Int(random.next() % 199) - 99 }
      let fields = numbers.enumerated().map { "\"f\($0)\":\($1)" }.joined(separator: ",")
      starts.append(Array("{\"x\":{\(fields)},\"y\":".utf8))
      let sums = zip(numbers, axes).reduce((0.0, 0.0)) { ($0.0 + Double($1.0) * $1.1.0, $0.1 + Double($1.0) * $1.1.1) }
      projections.append((sums.0, sums.1, 100 * (random.nextUnit() - 0.5)))
    }
  }

  func line(_ number: Int, at seconds: Double) -> [UInt8] {
    let place = number % starts.count
    let angle = 2 * Double.pi * seconds / Self.turn
    let (first, second, noise) = projections[place]
    let isPositive = first * cos(angle) + second * sin(angle) + noise > 0
    return starts[place] + [UInt8(ascii: isPositive ? "1" : "0"), UInt8(ascii: "}")]
  }
}
