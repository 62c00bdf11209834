package import Foundation
package import Registry
package import Telemetry
import Vocabulary

/// What does not work at the moment beside the step loop: each cause is told once when it begins and once when it is over,
/// and is an incident where a person must act.
package actor TroubleBook {
  /// What a worker does beside its steps.
  package enum Duty: String, Sendable, CaseIterable {
    case heartbeat = "the registry does not hear of this worker"
    case wishes = "what people want of the pipeline is not heard"
    case versions = "a version cannot be compared with"
    case incidents = "incidents cannot be written"
    case stream = "gaps in the stream and lost dead letters cannot be told"
    case checkpoints = "no checkpoint can be written, the newest state waits"
    case contract = "a worker waits"
    case learning = "the model does not get better"
    case exchange = "an exchange was given up, nothing of it was learned"
    case replicas = "workers that ought to hold the same model do not"
    case gradients = "what was made twice was not the same"

    /// How its log line begins.
    fileprivate var headline: StaticString {
      switch self {
      case .contract: "waiting for the group"
      case .learning: "what is learned does harm"
      case .exchange: "somebody meddles with the workers' exchanges"
      case .replicas, .gradients: "a worker's memory is not what it should be"
      default: "something beside the steps fails; learning goes on"
      }
    }
  }

  private struct Entry {
    let trouble: Trouble
    let since = Date()
    var duties: Set<Duty>
    var isOver = false
    /// When the registry last heard that it goes on; nil: never.
    var asserted: Date?
    /// Of a trouble with a key.
    var incident: Int64?
    /// Of what only happens again and again: it is over once it has not for this long; nil: somebody says when.
    var quietAt: Date?
  }

  private let registry: Registry
  private let pipelineID: Int64
  private let memberID: String
  /// Of a run beside nothing is an incident: what the pipeline's people are called for is the live run.
  private let opensIncidents: Bool
  private let logger: Logger
  private var entries: [Entry] = []
  private var hasCleared = false

  /// What passes by itself is an incident after this long.
  private static let patience: TimeInterval = 30
  /// Another worker may have closed what goes on for this one.
  private static let assertEvery: TimeInterval = 30
  /// What has not happened again for so long is over.
  private static let quiet: TimeInterval = 60
  /// Causes that come and go while the database is away: the oldest are forgotten.
  private static let entriesMax = 50

  package init(
    registry: Registry, pipelineID: Int64, memberID: String, opensIncidents: Bool = true, logger: Logger
  ) {
    self.opensIncidents = opensIncidents
    self.registry = registry.within(.seconds(3))
    self.pipelineID = pipelineID
    self.memberID = memberID
    self.logger = logger
  }

  /// A duty could not be done.
  ///
  /// - Returns: What the error means; nil for a cancellation.
  @discardableResult
  func note(_ duty: Duty, _ error: any Error) -> Trouble? {
    guard !(error is CancellationError), !Task.isCancelled else { return nil }
    return note(duty, Trouble(error))
  }

  /// A duty cannot be done for now.
  @discardableResult
  func note(_ duty: Duty, _ trouble: Trouble) -> Trouble {
    for index in entries.indices where entries[index].trouble.kind != trouble.kind { finish(duty, at: index) }
    let known = entries.firstIndex {
      $0.trouble.kind == trouble.kind && $0.trouble.key == trouble.key && !$0.isOver
    }
    // One of a kind goes on at a time.
    for index in entries.indices where entries[index].trouble.kind == trouble.kind && index != known {
      for duty in entries[index].duties { finish(duty, at: index) }
    }
    if let index = known {
      entries[index].duties.insert(duty)
      return trouble
    }
    entries.append(Entry(trouble: trouble, duties: [duty]))
    if entries.count > Self.entriesMax { entries.removeFirst() }
    logger.warning(
      duty.headline,
      [.reason: LogValue("\(duty.rawValue): \(trouble.sentence)")])
    return trouble
  }

  /// A duty was done.
  func clear(_ duty: Duty) {
    for index in entries.indices { finish(duty, at: index) }
  }

  /// Something happened that a person should know of, and may again: one incident, until it has not for a minute.
  package func tell(_ duty: Duty, _ trouble: Trouble, now: Date = Date()) {
    note(duty, trouble)
    for index in entries.indices where entries[index].trouble.kind == trouble.kind && !entries[index].isOver {
      entries[index].quietAt = now.addingTimeInterval(Self.quiet)
    }
  }

  private func finish(_ duty: Duty, at index: Int) {
    guard !entries[index].isOver, entries[index].duties.remove(duty) != nil, entries[index].duties.isEmpty else {
      return
    }
    entries[index].isOver = true
    // Who waits for whom has changed, or it joins, which is told where it happens.
    guard duty != .contract else { return }
    logger.notice(
      "over, it works again", [.reason: LogValue("\(duty.rawValue): \(entries[index].trouble.sentence)")])
  }

  /// What goes on now, a sentence each.
  package var sentences: [String] {
    entries.filter { !$0.isOver }.map { entry in
      let duties = Duty.allCases.filter(entry.duties.contains).map(\.rawValue).joined(separator: ", ")
      return "\(duties): \(entry.trouble.sentence)"
    }
  }

  /// Brings the registry's incidents up to date, as far as the database takes it; called with every beat.
  package func writeDown(now: Date = Date()) async {
    guard opensIncidents else { return }
    do {
      // What an earlier process of this pipeline left open, and did not live to close.
      if !hasCleared { try await registry.closeTroubles(pipeline: pipelineID) }
      hasCleared = true
      for index in entries.indices where entries[index].quietAt.map({ $0 < now }) ?? false {
        for duty in entries[index].duties { finish(duty, at: index) }
      }
      for entry in entries {
        let mustTell = entry.trouble.needsPerson || now.timeIntervalSince(entry.since) > Self.patience
        let isDue = entry.asserted.map { now.timeIntervalSince($0) > Self.assertEvery } ?? true
        if mustTell, isDue || (entry.isOver && entry.asserted == nil) {
          if entry.trouble.key == nil {
            try await registry.openTrouble(pipeline: pipelineID, draft(entry))
          } else {
            let incident = try await registry.beginTrouble(pipeline: pipelineID, draft(entry)).id
            change(entry) { $0.incident = incident }
          }
          change(entry) { $0.asserted = now }
        }
        if entry.isOver {
          if let incident = entries.first(where: { $0.trouble == entry.trouble })?.incident {
            try await registry.closeTrouble(incident)
          } else if mustTell || entry.asserted != nil {
            try await registry.closeTroubles(pipeline: pipelineID, kind: entry.trouble.kind)
          }
          entries.removeAll { $0.since == entry.since && $0.trouble == entry.trouble }
        }
      }
    } catch {
      // The database does not take it yet: the next beat tries again.
    }
  }

  private func change(_ entry: Entry, _ body: (inout Entry) -> Void) {
    guard let index = entries.firstIndex(where: { $0.since == entry.since && $0.trouble == entry.trouble }) else {
      return
    }
    body(&entries[index])
  }

  private func draft(_ entry: Entry) -> IncidentDraft {
    var details = entry.trouble.details
    details["reason"] = entry.trouble.sentence
    details["since"] = entry.since.ISO8601Format()
    details["worker"] = memberID
    details["stopped"] = Duty.allCases.filter(entry.duties.contains).map(\.rawValue).joined(separator: ", ")
    return IncidentDraft(
      key: entry.trouble.key ?? UUID().uuidString, kind: entry.trouble.kind,
      severity: entry.trouble.needsPerson ? .error : .warning,
      details: IncidentDraft.details(details))
  }
}
