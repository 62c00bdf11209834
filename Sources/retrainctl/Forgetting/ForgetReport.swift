import Registry
import Vocabulary
import Worker

/// What came of a `forget`, as `--json` says it.
struct ForgetReport: Encodable, Sendable {
  var pipeline: String
  /// Of which records were asked to be forgotten.
  var lineage: Int
  var isDryRun: Bool
  /// Learned, and to be forgotten or forgotten before.
  var records: [String] = []
  /// Of these, found by their key.
  var byKey = 0
  /// Learned and not in the topic any more: of these nobody can say whether they have a key.
  var unreadable: Int64 = 0
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
  /// The next record of each partition that the new lineage learns.
  var goesOnAt: [OffsetStretch.Place] = []
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
    goesOnAt = outcome.progress.map { OffsetStretch.Place(partition: $0.partition, offset: $0.nextOffset) }
  }

  /// For the journal.
  func sentence(by actor: String, why reason: String) -> String {
    "\(Wording.count(Int64(records.count), "record")) forgotten by \(actor)\(reason.isEmpty ? "" : ": \(reason)"); lineage "
      + "\(newLineage ?? 0) goes on in place of \(lineage), from step \(fromStep) made again to \(step ?? 0)"
  }

  func lines(palette: Palette) -> [String] {
    var lines: [String] = []
    lines.append("records  \(Wording.count(Int64(records.count))): \(Self.some(records))")
    if !notLearned.isEmpty { lines.append("unknown  lineage \(lineage) has not learned \(Self.some(notLearned))") }
    if alreadyForgotten > 0 {
      lines.append(
        alreadyForgotten == records.count
          ? "known    all of them were forgotten before: the model does not know them, and nothing was made again"
          : "known    \(alreadyForgotten) of them \(alreadyForgotten == 1 ? "was" : "were") forgotten before")
    }
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
      Wording.count(Int64(letters), "dead letter"),
      "\(traces.examples) \(traces.examples == 1 ? "example of a value" : "examples of values")",
      Wording.count(Int64(traces.sampledRows), "sampled row"),
      "\(traces.checkpoints.count) \(traces.checkpoints.count == 1 ? "state of a checkpoint" : "states of checkpoints")",
      Wording.count(Int64(traces.versions.count), "version"),
    ].joined(separator: ", ")
  }

  /// A few of many, in words.
  static func some(_ names: [String]) -> String {
    names.prefix(10).joined(separator: ", ") + (names.count > 10 ? " and \(names.count - 10) more" : "")
  }

  static func unreadable(_ count: Int64) -> String {
    "\(Wording.count(count, "record")) that \(count == 1 ? "was" : "were") learned \(count == 1 ? "is" : "are") not in the topic any "
      + "more, by its retention: whether such a key was among them, nobody can say"
  }
}
