import Ingest
import Pipelines
import Registry
import Telemetry
import Vocabulary

/// What happened to the stream and to refused records becomes incidents and log lines.
extension WorkerHeartbeat {
  /// Positions that an incident names; all are counted.
  private static let namedMax = 100

  /// - Parameter isLast: Nobody will tell later.
  func tellStreamNews(isLast: Bool = false) async throws {
    let events = resources.news.takeEvents()
    for (place, event) in events.enumerated() {
      do { try await tell(event) } catch {
        for left in events[place...] { resources.news.tell(left) }
        throw error
      }
    }
    let lost = resources.deadLetters.takeLost(atOnce: isLast)
    do { try await tell(lost: lost) } catch {
      resources.deadLetters.restore(lost: lost)
      throw error
    }
  }

  private func tell(_ event: StreamNews.Event) async throws {
    switch event {
    case .lost(let range): try await tell(range)
    case .values(let found): try await tell(found)
    case .deadLettersHeldUp(let reason):
      resources.logger.warning(
        "the dead-letter topic takes nothing at the moment; reading waits for it",
        [.topic: LogValue(resources.pipeline.source.effectiveDeadLetterTopic), .error: LogValue(reason)])
    }
  }

  private func tell(_ range: LostRange) async throws {
    let place = RecordPosition(topic: range.topic, partition: range.partition, offset: range.from)
    _ = try await resources.registry.openIncident(
      pipeline: resources.pipelineID,
      IncidentDraft(
        key: "records_lost \(place)", kind: "records_lost", severity: .warning, positions: [place],
        details: IncidentDraft.details([
          "lost_by": "the broker (retention)", "next": String(range.next), "offsets": String(range.count),
        ])
      ))
    resources.logger.warning(
      "the broker has removed records before they were read; going on behind them",
      [
        .topic: LogValue(range.topic), .partition: LogValue(Int(range.partition)), .offset: LogValue(range.from),
        .count: LogValue(range.count),
      ])
  }

  private func tell(_ found: FieldNews) async throws {
    let facts: [LogKey: LogValue] = [.reason: LogValue(found.sentence)]
    guard found.isWarning else { return resources.logger.notice("the unit of times was recognised", facts) }
    _ = try await resources.registry.openIncident(
      pipeline: resources.pipelineID,
      IncidentDraft(
        key: "\(found.kind.rawValue) \(found.field)", kind: found.kind.rawValue, severity: .warning,
        feature: found.field,
        details: IncidentDraft.details(["what": found.sentence])))
    switch found.kind {
    case .blurred: resources.logger.warning("values are finer than a 32-bit float", facts)
    default: resources.logger.warning("the unit of times is in doubt", facts)
    }
  }

  private func tell(lost letters: [LostLetter]) async throws {
    for (cause, group) in Dictionary(grouping: letters, by: \.cause).sorted(by: { $0.key < $1.key }) {
      let topic = resources.pipeline.source.effectiveDeadLetterTopic
      let named = group.prefix(Self.namedMax).map(\.position)
      _ = try await resources.registry.openIncident(
        pipeline: resources.pipelineID,
        IncidentDraft(
          key: "dead_letters_lost \(named[0])", kind: "dead_letters_lost", severity: .warning, positions: named,
          details: IncidentDraft.details(["topic": topic, "cause": cause, "records": String(group.count)])))
      resources.logger.warning(
        "records did not get into the dead-letter topic; they are counted as rejected",
        [.topic: LogValue(topic), .count: LogValue(group.count), .error: LogValue(cause)])
    }
  }
}

extension WorkerStatus.DeadLetterStatus {
  init(_ counts: DeadLetterCounts) {
    self.init(delivered: counts.delivered, cut: counts.cut, lost: counts.lost, waiting: counts.waiting)
  }
}
