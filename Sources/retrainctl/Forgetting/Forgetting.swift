import Confinement
import Foundation
import Ingest
import Kafka
import Learning
import Pipelines
import Registry
import Tensors
import Vocabulary
import Worker

/// One `forget`, from what a person names to the lineage that never saw it.
struct Forgetting: Sendable {
  let registry: Registry
  let record: PipelineRecord
  let wanted: ForgottenRecords
  let actor: String
  let reason: String
  let deadline: Deadline

  /// What is to be done, before anything is.
  private struct Work: Sendable {
    var replaying: LineageReplaying
    var head: CheckpointRecord
    var records: LeftOut
    /// What is left out anyway.
    var known: LeftOut
    var plan: ReplayPlan
  }

  /// - Parameters:
  ///   - purges: Whether copies are removed.
  ///   - agree: Told what is to happen, in words, before it does.
  func run(
    dryRun: Bool, purges: Bool, agree: (String) throws -> Void
  ) async throws -> ForgetReport {
    guard let head = try await registry.newestCheckpoint(pipeline: record.id) else {
      throw CommandFailure(.usage, "'\(record.name)' has no checkpoint: nothing was learned that could be forgotten")
    }
    let replaying = try await LineageReplaying(registry, record, leadingTo: head, clientID: "retrainctl-forget")
    defer { try? replaying.broker.leave() }
    var report = ForgetReport(pipeline: record.name, lineage: record.lineage, isDryRun: dryRun)
    let records = try await learned(replaying, head, &report)
    let known = try await replaying.leftOut()
    let fresh = LeftOut(
      records.all.flatMap { stretch in
        (stretch.from..<stretch.next).filter { known.stretch(at: $0, of: stretch.partition) == nil }.map {
          OffsetStretch(partition: stretch.partition, from: $0, next: $0 + 1)
        }
      })
    report.records = records.all.flatMap { stretch in
      (stretch.from..<stretch.next).map {
        RecordPosition(topic: replaying.topic, partition: stretch.partition, offset: $0).description
      }
    }
    report.alreadyForgotten = records.all.reduce(0) { $0 + Int($1.count) } - fresh.all.reduce(0) { $0 + Int($1.count) }
    try await tellCopies(records, replaying, purges: false, &report)
    if fresh.isEmpty {
      guard !report.records.isEmpty else { throw nothingLearned(report) }
      // The model does not know them; others that begin anew would, and copies may.
      let others = OffsetStretch.difference(records.all, try await registry.forgotten(pipeline: record.id))
      if !others.isEmpty {
        let count = Wording.count(others.reduce(0) { $0 + $1.count }, "record")
        if !dryRun { try await registry.forget(others, pipeline: record.id) }
        report.notes.append(
          "\(count) had been left out, by a rewind say, without being forgotten: "
            + (dryRun ? "they would be" : "from now on no model that begins anew learns them either"))
      }
      if purges {
        try agree("the model does not know the \(report.records.count) records")
        try await tellCopies(records, replaying, purges: true, &report)
        report.isPurged = true
      }
      return report
    }
    let work: Work
    do {
      let plan = try ReplayPlan(
        replaying.windows, leavingOut: fresh, isDealt: replaying.pipeline.training.reproducible)
      work = Work(replaying: replaying, head: head, records: records, known: known, plan: plan)
      try await replaying.check(plan.windows)
      let extent = try await registry.ledgerExtent(ofCheckpoints: plan.windows.map(\.checkpoint))
      guard extent.ranges <= StepReplay.rowsMax else {
        throw StepReplay.Failure(
          description:
            "\(Wording.count(Int64(report.records.count), "record")) of them lie before \(Wording.count(extent.ranges)) rows of the "
            + "ledger, and \(Wording.count(StepReplay.rowsMax)) are made again in one go: checkpoint.keep_hourly keeps places nearer to them"
        )
      }
    } catch let failure as StepReplay.Failure {
      throw CommandFailure(.unavailable, "they cannot be forgotten: \(failure.description)")
    }
    report.set(work.plan, head)
    guard !dryRun else {
      do { try await replaying.checkLog(work.plan, until: deadline) } catch let failure as StepReplay.Failure {
        throw CommandFailure(.unavailable, "they cannot be forgotten: \(failure.description)")
      }
      return report
    }
    try agree(
      "\(Wording.count(Int64(report.records.count), "record")) of '\(record.name)' will be forgotten, and "
        + "\(Wording.count(Int64(report.steps), "step")) made again")
    try await forget(work, &report)
    if purges {
      try await tellCopies(records, replaying, purges: true, &report)
      report.isPurged = true
    }
    return report
  }

  /// Why there is nothing to forget: a mistake of who asked, unless it may be the topic's retention that hides it.
  private func nothingLearned(_ report: ForgetReport) -> CommandFailure {
    var reasons: [String] = []
    if !report.notLearned.isEmpty { reasons.append("it has not learned " + ForgetReport.some(report.notLearned)) }
    if !wanted.keys.isEmpty {
      let keys = ForgetReport.some(wanted.keys.map { "'\($0)'" })
      reasons.append("no record that it learned and the topic still holds has the key \(keys)")
    }
    if report.unreadable > 0 { reasons.append(ForgetReport.unreadable(report.unreadable)) }
    return CommandFailure(
      report.unreadable > 0 ? .unavailable : .usage,
      "nothing was changed: lineage \(record.lineage) has nothing of it to forget: " + reasons.joined(separator: "; "))
  }

  /// Those of the wanted records that the lineage has taken in.
  private func learned(
    _ replaying: LineageReplaying, _ head: CheckpointRecord, _ report: inout ForgetReport
  ) async throws -> LeftOut {
    var places = wanted.places
    if let stranger = places.first(where: { $0.topic != replaying.topic }) {
      throw CommandFailure(
        .usage, "\(stranger) is not of the topic \(replaying.topic), which '\(record.name)' learns from")
    }
    if !wanted.keys.isEmpty {
      var ranges: [Int32: Range<Int64>] = [:]
      for entry in head.progress { ranges[entry.partition] = entry.startOffset..<entry.nextOffset }
      let scan = KeyScan(configuration: replaying.configuration, topic: replaying.topic)
      let (found, gone) = try await scan.places(
        of: Set(wanted.keys.map { Array($0.utf8) }), in: ranges, until: deadline)
      (report.byKey, report.unreadable) = (found.count, gone)
      if gone > 0 { report.notes.append(ForgetReport.unreadable(gone)) }
      places += found
    }
    var stretches: [OffsetStretch] = []
    for place in Set(places) {
      let entry = head.progress.first { $0.partition == place.partition }
      if let entry, (entry.startOffset..<entry.nextOffset).contains(place.offset) {
        stretches.append(OffsetStretch(partition: place.partition, from: place.offset, next: place.offset + 1))
      } else {
        report.notLearned.append(place.description)
      }
    }
    report.notLearned.sort()
    return LeftOut(stretches)
  }

  private func forget(_ work: Work, _ report: inout ForgetReport) async throws {
    let start = ContinuousClock.now
    let isReproducible = work.replaying.pipeline.training.reproducible
    let outcome: LineageReplaying.Outcome
    do {
      outcome = try await work.replaying.replay(
        work.plan, leavingOut: work.records, known: work.known, isDealt: isReproducible, until: deadline)
    } catch let failure as StepReplay.Failure {
      throw CommandFailure(.unavailable, "nothing was changed: \(failure.description)")
    }
    report.seconds = start.duration(to: .now).seconds
    report.set(outcome)
    let agreement = outcome.agreement
    if let other = agreement.otherRate {
      throw CommandFailure(
        .unavailable,
        "nothing was changed: step \(other.step) was made with a learning rate of \(other.then), and would be with \(other.now) now: "
          + "settings of training were edited since")
    }
    if isReproducible, agreement.same < agreement.steps {
      throw CommandFailure(
        .unavailable,
        "nothing was changed: \(agreement.steps - agreement.same) of \(agreement.steps) steps before the first of the records did "
          + "not come out as they had (by \(Wording.measure(agreement.deviation * 100)) % at most): training.reproducible was off "
          + "when they were made, or settings were edited since")
    }
    let origin = LineageOrigin(
      .forget, checkpoint: work.plan.start?.checkpoint, place: .own,
      skips: LeftOut(work.known.all + work.records.all).all, forgets: work.records.all, actor: actor,
      reason: reason)
    let lineage = try await registry.within(.seconds(120)).beginLineage(
      pipeline: record.id, from: origin, first: outcome.first)
    report.newLineage = lineage.number
    report.newCheckpoint = lineage.checkpoint
    let made = try await registry.openIncident(
      pipeline: record.id,
      IncidentDraft(
        key: "records_forgotten lineage \(lineage.number)", kind: "records_forgotten", severity: .notice,
        step: outcome.step,
        details: IncidentDraft.details([
          "reason": report.sentence(by: actor, why: reason), "lineage": String(lineage.number),
          "digest_before": work.head.parametersDigest, "digest": outcome.first?.parametersDigest ?? "",
        ])))
    report.incident = made
  }

  private func tellCopies(
    _ records: LeftOut, _ replaying: LineageReplaying, purges: Bool, _ report: inout ForgetReport
  ) async throws {
    guard !records.isEmpty else { return }
    let traces = try await registry.traces(
      of: records, topic: replaying.topic, streams: replaying.streams, pipeline: record.id, purges: purges)
    report.traces = traces
    let letters = LetterPurge(
      configuration: replaying.configuration, topic: replaying.pipeline.source.effectiveDeadLetterTopic)
    do {
      let (found, purged) = try await letters.letters(
        of: records, in: replaying.topic, purges: purges, until: deadline.or(.after(.seconds(600))))
      report.letters = found
      if purges, purged < found { report.notes.append("\(found - purged) dead letters are still there") }
    } catch {
      // What was forgotten is told whatever becomes of its copies.
      report.notes.append(
        "dead letters were not \(purges ? "removed" : "looked through"): \(CommandFailure(error).message)")
    }
  }
}
