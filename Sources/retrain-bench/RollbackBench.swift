import Confinement
import Evaluation
import Foundation
import HTTP
import Membership
import Pipelines
import Postgres
import Registry
import Rollouts
import Server
import Telemetry
import Vocabulary

extension Workload {
  static let rollback = Workload(
    name: "rollback",
    summary:
      "servers under load while versions move: milliseconds from a rollback's commit to the bad version's last answer",
    flags: [
      BenchFlag("servers", "n", "2", "Servers, over real HTTP."),
      BenchFlag(
        "processes", "yes|no", "yes",
        "Each is 'retrainctl server' in a process of its own; no: all of them are in this one."),
      BenchFlag("moves", "n", "50", "Canaries on and off, promotions and rollbacks, in turn."),
      BenchFlag(
        "interval", "ms", "300",
        "Between two moves, at least, once every server says that it has taken up the one before."),
      BenchFlag("requests", "n", "1000000", "That are answered, at least: moves wait for their part of them."),
      BenchFlag("threads", "n", "2", "Threads that ask."),
      BenchFlag("connections", "n", "8", "Connections of each of them."),
      BenchFlag("features", "n", "8", "Numbers a record."),
    ],
    run: runRollback)
}

@Sendable private func runRollback(_ options: inout BenchOptions) throws {
  let servers = try options.int("servers")
  let moves = try options.int("moves")
  let pace = RollbackPace(
    interval: .milliseconds(try options.int("interval")), requests: try options.int("requests") / max(1, moves))
  let areProcesses = try options.flag("processes")
  let threads = try options.int("threads")
  let connections = try options.int("connections")
  let features = try options.int("features")
  let directory = FileManager.default.temporaryDirectory.path + "/retrain-bench-pg-\(getpid())"
  let cluster = try PrivateCluster.start(directory: directory, deadline: .after(.seconds(60)))
  defer { try? cluster.destroy() }
  let uri = cluster.uri
  try blockingAwait(until: .after(.seconds(600 + 10 * moves))) {
    let bench = try await RollbackBench(
      uri: uri, model: ServedModel(features: features, hidden: [16]), versions: 2 + moves * 2 / 5)
    let record = try await bench.run(
      servers: servers, areProcesses: areProcesses, moves: moves, pace: pace, threads: threads,
      connections: connections)
    try record.report([
      "servers": String(servers), "processes": areProcesses ? "yes" : "no", "moves": String(moves),
      "threads": String(threads), "connections": String(connections),
    ])
  }
}

/// How fast moves follow each other.
private struct RollbackPace: Sendable {
  var interval: Duration
  /// Requests that are answered from one to the next, at least.
  var requests: Int
}

/// A pipeline whose versions are moved about by decisions, as a controller and people do.
private struct RollbackBench: Sendable {
  private static let keys = 2000
  private let uri: String
  private let model: ServedModel
  private let registry: Registry
  private let pipeline: Int64

  init(uri: String, model: ServedModel, versions: Int) async throws {
    self.uri = uri
    self.model = model
    registry = try await Registry.open(uri: uri, applicationName: "bench", deadline: .after(.seconds(20)))
    try await registry.migrate()
    pipeline = try await registry.register(
      pipeline: ServedModel.name, specification: model.file, desiredWorkers: 1, until: nil
    ).id
    try await registry.join(
      pipeline: pipeline,
      MemberFacts(id: "a", address: "127.0.0.1:1", heldStep: nil, joinedAt: Date(), lastSeen: Date()))
    guard let formed = try await registry.formGeneration(pipeline: pipeline, desired: 1, grace: .zero) else {
      throw BenchError("no generation formed")
    }
    let metrics = StreamMetrics(task: .binary)
    var parent: Int64?
    for step in 1...Int64(versions) {
      let saved = try await registry.saveCheckpoint(
        CheckpointDraft(
          pipeline: pipeline, generation: formed.generation, parent: parent,
          Checkpoint(step: step, progress: [], metrics: metrics, window: metrics, parametersDigest: "00"),
          state: model.state))
      try await registry.addCandidate(pipeline: pipeline, checkpoint: saved)
      parent = saved
    }
    try await apply([(1, .candidate, .validated), (1, .validated, .stable)])
  }

  private func apply(_ steps: [(Int64, VersionState, VersionState)], share: Double? = nil) async throws {
    let decisions = steps.map { version, from, to in
      RolloutDecision(
        version: version, from: from, to: to, rule: .person, window: "bench", reason: "The bench moves it.",
        actor: .person("bench"), share: to == .canary ? share : nil)
    }
    try await registry.apply(decisions, evidence: "{}", pipeline: pipeline, lease: nil)
  }

  func run(
    servers: Int, areProcesses: Bool, moves: Int, pace: RollbackPace, threads: Int, connections: Int
  ) async throws -> RollbackRecord {
    let record: RollbackRecord
    if areProcesses {
      let processes = try ServerProcesses(count: servers, pipeline: model.file, database: uri)
      defer { processes.leave() }
      do {
        record = try await measure(servers, moves, pace, threads, connections)
      } catch {
        FileHandle.standardError.write(Data(processes.logs.utf8))
        throw error
      }
    } else {
      let services = (0..<servers).map { _ in
        ServerService(
          pipelines: [model.pipeline], database: DatabaseLocation(uri: uri),
          logger: Logger(label: "server", sink: .none))
      }
      let running = services.map { service in Task { try await service.run() } }
      defer { for service in services { service.requestStop() } }
      record = try await measure(servers, moves, pace, threads, connections)
      for service in services { service.requestStop() }
      for task in running { try await task.value }
    }
    await registry.close()
    return record
  }

  /// The servers' ports, once each has the first version.
  private func ports(of count: Int) async throws -> [Int] {
    let deadline = Deadline.after(.seconds(30))
    while true {
      let ready = try await registry.servers(pipeline: pipeline).filter { $0.version == 1 }
      if ready.count >= count { return ready.map(\.port) }
      guard !deadline.hasPassed else { throw BenchError("the servers have no version") }
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  private func measure(
    _ servers: Int, _ moves: Int, _ pace: RollbackPace, _ threads: Int, _ connections: Int
  ) async throws -> RollbackRecord {
    let ports = try await ports(of: servers)
    let end = RollbackLoad.LoadEnd()
    let requests = (0..<Self.keys).map(request)
    let loads = try (0..<threads).map {
      try RollbackLoad(ports: ports, connections: connections, requests: requests, seed: UInt64($0 + 1), until: end)
    }
    for load in loads { load.start() }
    defer { end.reach() }
    let phases = try await move(moves, pace, ports: ports, loads)
    let ended = RollbackLoad.now()
    end.reach()
    for load in loads {
      guard load.hasEnded.wait(until: .after(.seconds(20))) else { throw BenchError("a thread of the load hangs") }
    }
    return RollbackRecord(phases: phases, ended: ended, answers: loads.flatMap(\.answers))
  }

  private func request(_ key: Int) -> [UInt8] {
    let body = model.record
    return Array(
      """
      POST \(model.path) HTTP/1.1\r
      Host: localhost\r
      X-Retrain-Key: user-\(key)\r
      Content-Length: \(body.utf8.count)\r
      \r
      \(body)
      """.utf8)
  }

  /// Makes the moves, and says when each was committed and what it meant.
  private func move(
    _ moves: Int, _ pace: RollbackPace, ports: [Int], _ loads: [RollbackLoad]
  ) async throws -> [RollbackRecord.Phase] {
    var phases: [RollbackRecord.Phase] = []
    var (stable, newest): (Int64, Int64) = (1, 1)
    for number in 0..<moves {
      var phase = RollbackRecord.Phase(stable: stable, asked: RollbackLoad.now())
      switch number % 5 {
      case 0, 2:
        newest += 1
        phase.canary = newest
        phase.share = number % 5 == 0 ? 0.1 : 0.3
        try await apply([(newest, .candidate, .validated), (newest, .validated, .canary)], share: phase.share)
      case 1:
        (phase.gone, phase.isRollback) = (newest, true)
        try await apply([(newest, .canary, .rolledBack)])
      case 3:
        (phase.gone, phase.stable) = (stable, newest)
        try await apply([(stable, .stable, .retired), (newest, .canary, .stable)])
      default:
        (phase.gone, phase.isRollback) = (stable, true)
        phase.stable = phases[phases.count - 2].stable
        try await apply([(stable, .stable, .rolledBack), (phase.stable, .retired, .stable)])
      }
      // The commit was acknowledged just now: what is measured from here is a little too long, if anything.
      phase.committed = RollbackLoad.now()
      stable = phase.stable
      try await waitUntilTakenUp(phase, ports)
      phase.settled = RollbackLoad.now()
      phases.append(phase)
      try await Task.sleep(for: pace.interval)
      while loads.reduce(0, { $0 + $1.answered }) < pace.requests * (number + 1) {
        try await Task.sleep(for: .milliseconds(10))
      }
    }
    return phases
  }

  /// Waits until every server says that it answers as it should.
  private func waitUntilTakenUp(_ phase: RollbackRecord.Phase, _ ports: [Int]) async throws {
    let canary = phase.canary.map { String($0) } ?? "null"
    let words = "\"version\":\(phase.stable),\"canary\":\(canary),"
    let deadline = Deadline.after(.seconds(10))
    for port in ports {
      while true {
        // Not on a thread of the pool, which the servers of this process share.
        let answer = try await onDedicatedThread(named: "ask") {
          try HTTPCall(url: "http://127.0.0.1:\(port)/status.json").answer(until: deadline)
        }
        if String(decoding: answer.body, as: UTF8.self).contains(words) { break }
        guard !deadline.hasPassed else { throw BenchError("a server does not take up what was decided: \(words)") }
        try await Task.sleep(for: .milliseconds(2))
      }
    }
  }
}
