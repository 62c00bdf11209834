import Kafka
import Registry
import Telemetry
import Vocabulary

/// Writes down what was quarantined: an incident in the registry and a dead letter with the record, for each of them.
///
/// Beside the heartbeat, because a record that is read again from the log may take its time.
actor IncidentWriter {
  private let resources: WorkerResources
  /// Not yet in the registry.
  private var found: [QuarantinedRecord] = []
  /// In the registry, and not yet among the dead letters, with the number of times that the log was asked for it.
  private var letters: [(record: QuarantinedRecord, attempts: Int)] = []

  private static let interval = Duration.milliseconds(500)
  /// A record that the log did not give so often is gone.
  private static let attemptsMax = 3

  init(_ resources: WorkerResources) { self.resources = resources }

  /// Writes as things are found, until cancelled.
  func run() async {
    while !Task.isCancelled {
      do {
        try await write(until: .after(.seconds(20)))
        await resources.troubles.clear(.incidents)
      } catch {
        await resources.troubles.note(.incidents, error)
      }
      try? await Task.sleep(for: Self.interval)
    }
  }

  /// Writes the rest, for as long as it takes until the deadline; call it once `run` has ended.
  ///
  /// - Returns: What could not be written, in words; nil: everything was.
  func finish(until deadline: Deadline) async -> String? {
    while true {
      do {
        try await write(until: deadline)
        if found.isEmpty, letters.isEmpty { return nil }
      } catch {
        if deadline.hasPassed {
          return "\(found.count) incidents and \(found.count + letters.count) dead letters are not written, because "
            + Trouble(error).sentence
        }
      }
      guard !deadline.hasPassed else { return "\(letters.count) dead letters are not written: there was no more time" }
      try? await Task.sleep(for: .milliseconds(100))
    }
  }

  private func write(until deadline: Deadline) async throws {
    found += resources.quarantine.takeFound()
    if let lost = resources.quarantine.takeLost() {
      for _ in 0..<lost.count {
        resources.deadLetters.noteLost(lost.first, cause: "too many letters were waiting for the log to be read again")
      }
    }
    if !found.isEmpty {
      let records = found
      let incidents = records.filter { $0.reason == .nonFinite || $0.position.offset < 0 }
      if !incidents.isEmpty {
        _ = try await resources.registry.within(min(deadline.remaining, .seconds(5))).openIncidents(
          pipeline: resources.pipelineID,
          incidents.map { IncidentDraft($0, foundBy: resources.memberID, lineage: resources.lineage) })
      }
      found.removeFirst(records.count)
      letters += records.filter { $0.position.offset >= 0 }.map { ($0, 0) }
    }
    if !letters.isEmpty { try await writeLetters(until: deadline) }
  }

  /// The records' bytes are long gone from the buffers: they are read again from the log.
  private func writeLetters(until deadline: Deadline) async throws {
    let wanted = letters
    let answer = try await RecordFetch.read(
      wanted.map(\.record.position), configuration: resources.kafka, until: deadline.or(.after(.seconds(10))))
    letters.removeAll()
    for (record, attempts) in wanted {
      let position = record.position
      if let copy = answer.copies[position] {
        put(record, copy)
      } else if !answer.asked.contains(position) {
        letters.append((record, attempts))
      } else if attempts + 1 < Self.attemptsMax {
        letters.append((record, attempts + 1))
      } else {
        resources.deadLetters.noteLost(position, cause: "the record could not be read again from the log")
      }
    }
    try await resources.deadLetters.send()
  }

  private func put(_ record: QuarantinedRecord, _ copy: RecordFetch.Copy) {
    let letter = copy.value.withUnsafeBytes { value in
      (copy.key ?? []).withUnsafeBytes { key in
        DeadLetter(
          position: record.position, reason: record.reason, field: record.remark ?? record.feature,
          key: copy.key == nil ? nil : key, value: value)
      }
    }
    resources.deadLetters.put(letter)
  }
}

extension IncidentDraft {
  /// The same record quarantined again, after a restart say, is the same incident.
  ///
  /// - Parameters:
  ///   - worker: Which found it.
  ///   - lineage: That it was learning.
  init(_ record: QuarantinedRecord, foundBy worker: String, lineage: Int) {
    let isWholeStep = record.position.offset < 0
    let kind = record.reason.rawValue
    self.init(
      key: isWholeStep ? "\(kind) step \(record.step)" : "\(kind) \(record.position)", kind: kind,
      severity: record.reason == .nonFinite ? .warning : .notice, positions: isWholeStep ? [] : [record.position],
      layer: record.layer, feature: record.feature, step: record.step,
      details: Self.details(
        ["worker": worker, "lineage": String(lineage)].merging(record.remark.map { ["reason": $0] } ?? [:]) { $1 }))
  }
}
