import HTTP
import Ingest
import Pipelines
import Synchronization
import Telemetry
import Tensors
import Vocabulary

/// A request's body becoming predictions. Any thread.
///
/// What is small is answered at once. A large body, a compressed one, or many rows go to the slow lane, so that one
/// client's bulk does not hold the others up.
struct Inference: Sendable {
  /// Larger bodies are for the slow lane.
  static let quickBytesMax = 16 << 10
  /// No coding has a longer name.
  private static let codingBytesMax = 64

  private let metrics: ServerMetrics
  private let rowsMax: Int
  private let bodyBytesMax: Int
  private let split: TrafficSplit
  private let mode: RolloutSettings.CanaryMode
  private let warmUp: Duration
  private let tally: SplitTally
  /// Requests without a key so far, while there is a canary.
  private let keyless = KeylessCount()

  init(pipeline: Pipeline, metrics: ServerMetrics, tally: SplitTally) {
    self.tally = tally
    self.metrics = metrics
    rowsMax = pipeline.serving.rowsMax
    bodyBytesMax = pipeline.serving.bodyBytesMax
    split = TrafficSplit(pipeline: pipeline.name)
    mode = pipeline.rollout.canaryMode
    warmUp = pipeline.rollout.warmUp
  }

  /// Who may answer.
  struct Choice {
    let versions: ServingSet
    /// The version that was asked for by its number; nil: whichever it is the turn of.
    let named: HeldVersion?
  }

  /// - Parameter read: Takes the request apart, its body being uncompressed.
  func answer(
    _ question: ServerQuestion, _ choice: Choice, _ read: (UnsafeRawBufferPointer) throws -> some PredictionRequest
  ) throws -> HTTPResponse {
    let start = ContinuousClock.now
    if let name = question.coding, name.utf8.count > Self.codingBytesMax { throw Self.unsupported(name) }
    let isPlain = question.coding == nil || question.coding?.lowercased() == "identity"
    guard question.isDeferred || (isPlain && question.body.count <= Self.quickBytesMax) else { throw NeedsSlowLane() }
    let response: HTTPResponse
    if isPlain {
      response = try answer(question, read(question.body), choice, since: start)
    } else {
      let unpacked = try unpack(question)
      response = try unpacked.withUnsafeBytes { try answer(question, read($0), choice, since: start) }
    }
    metrics.duration.observe(start.duration(to: .now))
    return response
  }

  private static func unsupported(_ coding: String) -> APIError {
    .unsupportedCoding("the body's coding \(APIError.quote(coding)) is not gzip, deflate or identity")
  }

  private func unpack(_ question: ServerQuestion) throws -> [UInt8] {
    let name = question.coding ?? ""
    guard let coding = ContentCoding(name: name) else { throw Self.unsupported(name) }
    do {
      return try coding.decode(question.body, bytesMax: bodyBytesMax)
    } catch {
      guard error.code == .tooLarge else { throw APIError.badRequest(error.reason) }
      throw APIError.tooLarge(error.reason)
    }
  }

  private func answer(
    _ question: ServerQuestion, _ request: some PredictionRequest, _ choice: Choice,
    since start: ContinuousClock.Instant
  ) throws -> HTTPResponse {
    guard request.rows <= rowsMax else {
      throw APIError.tooManyRows(String(request.rows), rowsMax)
    }
    guard question.isDeferred || (request.rows <= LoadedVersion.sliceRows && !request.isHeavy) else {
      throw NeedsSlowLane()
    }
    let lane = Lane(isSlow: question.isDeferred, start: start)
    let canary = choice.versions.canary
    if let named = choice.named {
      return try answer(request, VersionAnswer(version: named.version, isCanary: named.number == canary?.number), lane)
    }
    guard let stable = choice.versions.stable else { throw APIError.unavailable("no version is loaded") }
    let usual = VersionAnswer(version: stable.version, isCanary: false)
    guard let canary else { return try answer(request, usual, lane) }
    let share = choice.versions.canaryShare
    let key = hash(of: request, question)
    let isHis = (key.map(TrafficSplit.place(ofHash:)) ?? split.place(ofRequest: keyless.next())) < share
    guard mode == .live else {
      return try answer(request, usual, lane, shadow: isHis ? Beside(version: canary.version, share: share) : nil)
    }
    var (hasFailed, begin) = (false, ContinuousClock.now)
    func measure(_ time: Duration?, byCanary: Bool) {
      tally.measure(time, byCanary: byCanary, of: canary.number, share: share, warmUp: warmUp)
    }
    if isHis {
      do {
        let response = try answer(request, VersionAnswer(version: canary.version, isCanary: true), lane)
        canary.version.tally.live.add(1, ordering: .relaxed)
        tally.note(key, byCanary: true, of: canary.number, share: share)
        measure(begin.duration(to: .now), byCanary: true)
        return response
      } catch {
        hasFailed = Self.isOurs(error)
        begin = .now
      }
    }
    // Nothing that a canary cannot do costs anybody his answer; what is wrong with the request the stable version says.
    do {
      let response = try answer(request, usual, lane)
      tally.note(key, byCanary: false, of: canary.number, share: share)
      // What fell to the canary is none of the stable version's: each is measured on its own.
      if !isHis { measure(begin.duration(to: .now), byCanary: false) }
      if hasFailed { measure(nil, byCanary: true) }
      return response
    } catch {
      if !isHis, Self.isOurs(error) { measure(nil, byCanary: false) }
      throw error
    }
  }

  /// Whether a version failed at a request that nothing is wrong with.
  private static func isOurs(_ error: any Error) -> Bool { (error as? APIError).map { $0.status >= 500 } ?? true }

  /// A canary that computes beside the stable version.
  private struct Beside {
    let version: LoadedVersion
    let share: Double
  }

  /// Of a request's key, else of its id; nil: it has neither.
  private func hash(of request: some PredictionRequest, _ question: ServerQuestion) -> UInt64? {
    if var key = request.key ?? question.key { return key.withUTF8 { split.hash(of: UnsafeRawBufferPointer($0)) } }
    return request.id.map { split.hash(of: $0) }
  }

  /// How a request goes.
  private struct Lane {
    let isSlow: Bool
    let start: ContinuousClock.Instant
  }

  private func answer(
    _ request: some PredictionRequest, _ by: VersionAnswer, _ lane: Lane, shadow: Beside? = nil
  ) throws -> HTTPResponse {
    let tally = by.version.tally
    do {
      try request.check(by.description)
      let response = lane.isSlow ? try slowly(request, by) : try quickly(request, by, lane, shadow: shadow)
      if lane.isSlow || shadow == nil { tally.latency.observe(lane.start.duration(to: .now)) }
      return response
    } catch let error as APIError {
      tally.count(error)
      throw error
    }
  }

  private func quickly(
    _ request: some PredictionRequest, _ by: VersionAnswer, _ lane: Lane, shadow: Beside?
  ) throws -> HTTPResponse {
    try by.version.withEngine { engine in
      let begin = shadow == nil ? nil : ContinuousClock.now
      try request.fill(engine.intake)
      engine.scorer.predict(engine.intake.batch)
      by.version.tally.requests.add(1, ordering: .relaxed)
      try refuseNonFinite(engine, by.version, from: 0)
      metrics.rows.increment(by: request.rows)
      let time = begin?.duration(to: .now)
      var answer = by
      answer.notes = engine.intake.notes
      let response = request.response(answer) { engine.scorer.outputs(ofHead: $0) }
      if let shadow, let time {
        by.version.tally.latency.observe(lane.start.duration(to: .now))
        compare(request, engine, time, with: shadow)
      }
      return response
    }
  }

  private func slowly(_ request: some PredictionRequest, _ by: VersionAnswer) throws -> HTTPResponse {
    let version = by.version
    return try version.withBulkDesk { desk in
      try request.fill(desk.intake)
      version.tally.requests.add(1, ordering: .relaxed)
      for first in stride(from: 0, to: request.rows, by: LoadedVersion.sliceRows) {
        let rows = first..<min(first + LoadedVersion.sliceRows, request.rows)
        try version.withEngine { engine in
          desk.give(rows, to: engine)
          engine.scorer.predict(engine.intake.batch)
          try refuseNonFinite(engine, version, from: first)
          desk.take(rows, from: engine)
        }
      }
      metrics.rows.increment(by: request.rows)
      var answer = by
      answer.notes = desk.intake.notes
      if request.explains { answer.explanation = try Explanation(of: desk, by: version) }
      return request.response(answer) { desk.outputs(ofHead: $0) }
    }
  }

  /// Has the canary compute beside the stable version, whose answer stands already. How far they are apart is counted; what
  /// the canary cannot do, and what it would have to wait for, is left out.
  ///
  /// - Parameter time: That the stable version took for what the canary does here.
  private func compare(
    _ request: some PredictionRequest, _ engine: PredictionEngine, _ time: Duration, with beside: Beside
  ) {
    let canary = beside.version
    func measure(_ time: Duration?, byCanary: Bool) {
      tally.measure(time, byCanary: byCanary, of: canary.number, share: beside.share, warmUp: warmUp)
    }
    do {
      try canary.withEngine(waits: false) { other in
        let begin = ContinuousClock.now
        try request.fill(other.intake)
        other.scorer.predict(other.intake.batch)
        try refuseNonFinite(other, canary, from: 0)
        measure(begin.duration(to: .now), byCanary: true)
        measure(time, byCanary: false)
        var shadow = VersionTally.Shadow()
        for head in 0..<min(canary.description.outputs.count, engine.headCount) {
          let (left, right) = (engine.scorer.outputs(ofHead: head), other.scorer.outputs(ofHead: head))
          // Of another number of classes: they cannot be held against each other.
          guard left.count == right.count else { continue }
          for (one, two) in zip(left, right) { shadow.difference += Double(abs(one - two)) }
          shadow.outputs += Int64(left.count)
        }
        canary.tally.add(shadow)
        canary.tally.live.add(1, ordering: .relaxed)
      }
    } catch {
      canary.tally.add(VersionTally.Shadow(failures: 1))
      // That there was no time for it is no failure of its own.
      if Self.isOurs(error), (error as? APIError)?.status != 503 { measure(nil, byCanary: true) }
    }
  }

  /// A bad number never reaches a reply.
  private func refuseNonFinite(_ engine: PredictionEngine, _ loaded: LoadedVersion, from first: Int) throws {
    for (place, output) in loaded.description.outputs.enumerated() {
      let values = engine.scorer.outputs(ofHead: place)
      for row in 0..<engine.intake.batch.count {
        let isFinite =
          engine.scorer.isFinite(row: row)
          && values[(row * output.width)..<((row + 1) * output.width)].allSatisfy(\.isFinite)
        guard !isFinite else { continue }
        loaded.tally.nonFinite.add(1, ordering: .relaxed)
        metrics.nonFinite.increment()
        throw APIError(
          status: 500,
          message: "version \(loaded.number) gives a non-finite “\(output.name)” for row \(first + row): not sent")
      }
    }
  }
}

/// Numbers the requests without a key. Any thread.
private final class KeylessCount: Sendable {
  private let count = Atomic<UInt64>(0)
  func next() -> UInt64 { count.wrappingAdd(1, ordering: .relaxed).oldValue }
}
