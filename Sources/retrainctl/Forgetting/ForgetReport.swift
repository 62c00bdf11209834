import Registry
import Vocabulary
import Worker

/// What came of a `forget`, as `--json` says it.
struct ForgetReport: Encodable, Sendable {
  struct Offset: Encodable, Sendable {
    var partition: Int32
    var offset: Int64
  }

  var pipeline: String
  /// Of which records were asked to be forgotten.
  var lineage: Int
  var isDryRun: Bool
  /// Learned, and to be forgotten.
  var records: [String] = []
  /// Of these, found by their key.
  var byKey = 0
  /// Asked for, and never learned by this lineage.
  var notLearned: [String] = []
  /// Left out already.
  var alreadyForgotten = 0
  /// The checkpoint that the replay begins with; nil: with nothing, as the lineage did.
  var fromCheckpoint: Int64?
  var fromStep: Int64 = 0
  /// The newest step that was learned with them.
  var toStep: Int64 = 0
  /// That are made again.
  var steps = 0
  /// The last step of the new model.
  var step: Int64?
  /// Records that were read again.
  var replayed: Int64 = 0
  var seconds = 0.0
  /// How the steps before the first of the records came out.
  var agreement: StepReplay.Agreement?
  var newLineage: Int?
  var newCheckpoint: Int64?
  /// Of the parameters: what was learned with them, and without.
  var digestBefore: String?
  var digest: String?
  /// Of the whole state, as `checkpoints` shows it.
  var goesOnAt: [Offset] = []
  var incident: Int64?
  var letters = 0
  var traces = RecordTraces()
  var isPurged = false
  var notes: [String] = []

  init(pipeline: String, lineage: Int, isDryRun: Bool) {
    (self.pipeline, self.lineage, self.isDryRun) = (pipeline, lineage, isDryRun)
  }

  mutating func set(_ plan: ReplayPlan, _ head: CheckpointRecord) {
    (fromCheckpoint, fromStep, toStep) = (plan.start?.checkpoint, plan.start?.step ?? 0, plan.end.step)
    steps = Int(plan.end.step - fromStep)
    digestBefore = head.parametersDigest
  }

  mutating func set(_ outcome: LineageReplaying.Outcome) {
    (step, replayed, agreement) = (outcome.step, outcome.records, outcome.agreement)
    digest = outcome.first?.parametersDigest
    goesOnAt = outcome.progress.map { Offset(partition: $0.partition, offset: $0.nextOffset) }
  }

  /// For the journal.
  func sentence(by actor: String, why reason: String) -> String {
    "\(Wording.count(Int64(records.count), "record")) forgotten by \(actor)\(reason.isEmpty ? "" : ": \(reason)"); lineage "
      + "\(newLineage ?? 0) goes on in place of \(lineage), from step \(fromStep) made again to \(step ?? 0)"
  }

  func lines(palette: Palette) -> [String] {
    var lines: [String] = []
    let shown =
      records.prefix(10).joined(separator: ", ") + (records.count > 10 ? " and \(records.count - 10) more" : "")
    lines.append("records  \(Wording.count(Int64(records.count))): \(shown)")
    if !notLearned.isEmpty {
      lines.append(
        "unknown  lineage \(lineage) has not learned \(notLearned.prefix(10).joined(separator: ", "))"
          + (notLearned.count > 10 ? " and \(notLearned.count - 10) more" : ""))
    }
    if alreadyForgotten > 0 { lines.append("known    \(alreadyForgotten) of them were forgotten before") }
    if steps > 0 {
      let from =
        fromCheckpoint.map { "checkpoint \($0), of step \(Wording.count(fromStep))," } ?? "the lineage's beginning"
      lines.append(
        "replay   \(Wording.count(Int64(steps), "step")) from \(from) on"
          + (isDryRun
            ? " would be made again" : ": \(Wording.count(replayed, "record")) in \(Wording.measure(seconds)) s"))
    }
    if let agreement, agreement.steps > 0 {
      lines.append(
        "check    of \(Wording.count(Int64(agreement.steps), "step")) before the first of them \(Wording.count(Int64(agreement.same))) "
          + "came out to the same bits"
          + (agreement.same < agreement.steps
            ? ", the others within \(Wording.measure(agreement.deviation * 100)) %: several workers add up in another order"
            : ""))
    }
    if let newLineage {
      lines.append(
        "result   "
          + palette.good("lineage \(newLineage) goes on")
          + (newCheckpoint.map { " from checkpoint \($0)" } ?? "") + (step.map { ", step \(Wording.count($0))" } ?? "")
          + ", at offset " + goesOnAt.map { "\($0.offset) of partition \($0.partition)" }.joined(separator: ", "))
      if let digestBefore, let digest {
        lines.append("digest   \(digestBefore.prefix(16))… with them, \(digest.prefix(16))… without")
      }
    }
    lines.append("copies   " + copies)
    for version in traces.versions.prefix(20) {
      lines.append(
        "         version \(version.version) (\(version.state)) knows them"
          + (version.isInPlay ? palette.warning(": it is in play, so its weights stay") : ""))
    }
    if !traces.checkpoints.isEmpty {
      let numbers = traces.checkpoints.prefix(12).map { String($0.checkpoint) }.joined(separator: ", ")
      lines.append(
        "         states of checkpoints \(numbers)"
          + (traces.checkpoints.count > 12 ? " and \(traces.checkpoints.count - 12) more" : "") + " know them")
    }
    let hasCopies = letters + traces.examples + traces.sampledRows + traces.checkpoints.count > 0
    if isPurged {
      lines.append("purged   all that is listed, but for the states of versions in play")
    } else if hasCopies {
      lines.append("         --purge removes them")
    }
    lines.append("owner    the topic itself, its backups, and models that were exported, are not ours to change")
    return lines + notes.map { "note     " + $0 }
  }

  private var copies: String {
    [
      (letters, "dead letter"), (traces.examples, "example of a value"), (traces.sampledRows, "sampled row"),
      (traces.checkpoints.count, "state of a checkpoint"), (traces.versions.count, "version"),
    ].map { count, what in "\(count) \(what)\(count == 1 ? "" : "s")" }.joined(separator: ", ")
      .replacing("example of a values", with: "examples of values")
      .replacing("state of a checkpoints", with: "states of checkpoints")
  }
}
