import Foundation
import Registry
import Rollouts
import Telemetry
import Vocabulary

/// Holds what becomes of live requests against the pipeline's objective: what burns its budget too fast is an incident until it does
/// not, and may be one version's own doing.
struct ServingWatch {
  let pipelineID: Int64
  let objective: ServingObjective
  private let logger: Logger
  private var history = ServingHistory()
  /// What each server had counted, by version, when it was asked last; nil: none was asked yet.
  private var totals: [ServingTotal.Counter: ServingCounts]?
  private var lookedAt: Date?
  /// The kinds of incidents that this controller knows to be open; nil: an earlier one may have left some.
  private var open: Set<String>?

  /// Servers that are gone are remembered up to so many.
  private static let countersMax = 10_000
  /// Between two samples.
  private static let every = Duration.seconds(10)
  /// Servers report every second.
  private static let silence = Duration.seconds(30)

  init(pipelineID: Int64, objective: ServingObjective, logger: Logger) {
    (self.pipelineID, self.objective, self.logger) = (pipelineID, objective, logger)
  }

  /// What is one version's own doing, of those that serve.
  func breaches(_ versions: [VersionFacts], warmUp: Duration, now: Date) -> [Int64: BurnRateFinding] {
    Dictionary(
      uniqueKeysWithValues: versions.compactMap { version in
        objective.breach(of: version, among: versions, in: history, warmUp: warmUp, now: now).map {
          (version.number, $0)
        }
      })
  }

  /// Asks servers what became of requests, where that is due, and opens and closes incidents.
  ///
  /// - Throws: `RegistryError`.
  mutating func look(_ registry: Registry, now: Date) async throws {
    let oldest = now.addingTimeInterval(-objective.span.seconds)
    if let lookedAt {
      if now.timeIntervalSince(lookedAt) < (Self.every * objective.scale).seconds { return }
    } else {
      history = ServingHistory(try await registry.servingSamples(pipeline: pipelineID, after: oldest))
    }
    let all = try await registry.servingTotals(
      pipeline: pipelineID, silence: Self.silence, slowerThan: objective.quickUnder)
    let samples = sample(all, at: now)
    if !samples.isEmpty { try await registry.add(samples, pipeline: pipelineID, forgetBefore: oldest) }
    // What failed before this is done again: nothing is taken over until it is written.
    history.add(samples)
    history.forget(before: oldest)
    // Of a server that is silent for a while what it has counted is no news when it speaks again.
    let known = totals.map { $0.count < Self.countersMax ? $0 : [:] } ?? [:]
    totals = known.merging(all.map { ($0.counter, $0.counts) }) { $1 }
    lookedAt = now
    try await tell(objective.findings(in: history, now: now), registry)
  }

  /// At the first look there is no telling when what is counted came; later a server or a version that is new began after the one
  /// before.
  private func sample(_ all: [ServingTotal], at now: Date) -> [ServingSample] {
    guard let totals else { return [] }
    var sums: [Int64: ServingCounts] = [:]
    for total in all {
      let new = total.counts.since(totals[total.counter] ?? ServingCounts())
      let version = total.counter.version
      if new.requests > 0 || new.failed > 0 { sums[version] = sums[version, default: ServingCounts()] + new }
    }
    return sums.sorted { $0.key < $1.key }.map { ServingSample(at: now, version: $0.key, counts: $0.value) }
  }

  /// What an earlier file's objective left open: nobody looks any more whether it goes on.
  static func close(_ pipelineID: Int64, _ registry: Registry) async throws {
    for severity in BurnRateAlert.Severity.allCases {
      try await registry.closeTroubles(pipeline: pipelineID, kind: severity.incidentKind)
    }
  }

  private mutating func tell(_ findings: [BurnRateFinding], _ registry: Registry) async throws {
    var now: Set<String> = []
    for severity in BurnRateAlert.Severity.allCases {
      let found = findings.filter { $0.alert.severity == severity }
      let kind = severity.incidentKind
      guard !found.isEmpty else {
        if open?.contains(kind) ?? true {
          try await registry.closeTroubles(pipeline: pipelineID, kind: kind)
          if open != nil { logger.notice("over, the error budget lasts again", [.rule: LogValue(kind)]) }
        }
        continue
      }
      now.insert(kind)
      guard !(open?.contains(kind) ?? false) else { continue }
      let reason = found.map(\.sentence).joined(separator: "; ")
      try await registry.openTrouble(
        pipeline: pipelineID,
        IncidentDraft(
          kind: kind, severity: severity == .page ? .error : .warning,
          details: IncidentDraft.details(["reason": reason])))
      logger.warning("the error budget of live requests burns too fast", [.reason: LogValue(reason)])
    }
    open = now
  }
}

extension BurnRateAlert.Severity {
  fileprivate var incidentKind: String {
    switch self {
    case .page: "slo_page"
    case .ticket: "slo_ticket"
    }
  }
}
