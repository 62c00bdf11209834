package import Evaluation
package import Ingest
package import Registry
import Health
import Vocabulary

extension TrainingState {
  /// What a checkpoint says of this state; the writer adds what it knows of the snapshot and of the parameters.
  ///
  /// - Parameter declared: As the account of fields numbers them.
  package func checkpoint(_ declared: [DeclaredField]) -> Checkpoint {
    var checkpoint = Checkpoint(
      step: step, progress: progress,
      rejected: Dictionary(uniqueKeysWithValues: RejectReason.allCases.map { ($0, rejected[$0.index]) }),
      metrics: metrics, window: window, comparison: frozen.entries.first?.trend.pairs,
      comparedWith: frozen.reference == 0 ? nil : frozen.reference, fields: fields.report(declared),
      lossWatch: lossWatch, stableWatch: frozen.serving == 0 ? nil : stableWatch, heads: heads,
      parametersDigest: "")
    checkpoint.frozen = frozen.reference == 0 ? nil : frozen
    (checkpoint.endsShort, checkpoint.sickInRow) = (endsShort, sickInRow)
    return checkpoint
  }

  /// What goes on from a checkpoint: with empty windows.
  ///
  /// - Parameters:
  ///   - task: Of the pipeline as it is now.
  ///   - declared: As the account of fields is to number them.
  package init(_ checkpoint: Checkpoint, task: EvaluationTask, _ declared: [DeclaredField]) {
    self.init(task: task, progress: checkpoint.progress.sorted { $0.partition < $1.partition })
    step = checkpoint.step
    for reason in RejectReason.allCases { rejected[reason.index] = checkpoint.rejected[reason] ?? 0 }
    nonFinite.begin(total: rejected[RejectReason.nonFinite.index], consumed: consumed)
    metrics = checkpoint.metrics
    metrics.makeRoom(for: task)
    heads = checkpoint.heads
    for place in heads.indices { heads[place].window = HeadLoss.Tally() }
    if let watch = checkpoint.lossWatch {
      lossWatch = watch
      lossWatch.beginWindow()
    }
    if let report = checkpoint.fields { fields = FieldAccount(report, declared) }
    frozen = checkpoint.frozen ?? frozen
    (endsShort, sickInRow) = (checkpoint.endsShort ?? false, checkpoint.sickInRow)
    if let watch = checkpoint.stableWatch {
      stableWatch = watch
      stableWatch.beginWindow()
    }
  }
}

extension StepRange {
  /// - Parameter stream: Which topic of its name the partition was read from.
  init(_ entry: LedgerEntry, stream: Int) {
    let share = entry.share
    self.init(
      step: entry.step, partition: share.partition, from: share.from, next: share.next, trained: entry.trained,
      rejected: share.next - share.from - entry.trained - share.skipped - share.lost, stream: stream)
  }
}
