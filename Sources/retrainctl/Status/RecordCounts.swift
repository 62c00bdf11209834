import Health
import Registry
import Vocabulary

/// What became of the lineage's records, from the newest of what workers say and what the tables hold.
struct RecordCounts {
  /// The worker that knows of more records than the newest checkpoint; nil: none does.
  let live: WorkerStatus?
  let trained: Int64
  let unlabelled: Int64
  /// Without the unlabelled.
  let rejected: Int64
  /// The same; only what is not zero.
  let byReason: [String: Int64]
  /// By field and reason; what no field is to blame for, a non-finite number say, has no field.
  let rejections: [FieldReport.Rejection]

  var consumed: Int64 { trained + unlabelled + rejected }

  init(live workers: [WorkerStatus], newest: CheckpointRecord?) {
    let progress = newest?.progress ?? []
    let saved = progress.reduce(0) { $0 + $1.trained + $1.rejected }
    let best = workers.max { $0.trained + $0.rejected < $1.trained + $1.rejected }
    live = best.flatMap { $0.trained + $0.rejected > saved && $0.rejectedByReason != nil ? $0 : nil }
    trained = live?.trained ?? progress.reduce(0) { $0 + $1.trained }
    var reasons =
      live?.rejectedByReason
      ?? Dictionary(uniqueKeysWithValues: (newest?.rejected ?? [:]).map { ($0.key.rawValue, $0.value) })
    unlabelled = reasons.removeValue(forKey: RejectReason.labelAbsent.rawValue) ?? 0
    rejected = (live?.rejected ?? progress.reduce(0) { $0 + $1.rejected }) - unlabelled
    byReason = reasons.filter { $0.value > 0 }
    rejections = Self.complete((live?.fields ?? newest?.fields)?.rejections ?? [], byReason)
  }

  /// Adds what the reasons count and the fields do not.
  private static func complete(_ known: [FieldReport.Rejection], _ byReason: [String: Int64])
    -> [FieldReport.Rejection]
  {
    var all = known
    for (reason, count) in byReason {
      let told = known.reduce(0) { $0 + ($1.reason == reason ? $1.records : 0) }
      if count > told { all.append(FieldReport.Rejection(field: nil, reason: reason, records: count - told)) }
    }
    return all.sorted { ($1.records, $0.reason, $0.field ?? "") < ($0.records, $1.reason, $1.field ?? "") }
  }
}
