import Evaluation
import Foundation
import Registry
import Vocabulary
import Worker

/// What a search for a culprit came to, as `--json` says it.
struct CulpritReport: Encodable, Sendable {
  var pipeline: String
  var incident: Int64?
  var verdict: CulpritSearch.Verdict
  var measure: String
  /// The checkpoint that the steps were made again from.
  var fromCheckpoint: Int64
  var fromStep: Int64
  var toStep: Int64
  /// In the window.
  var searched: Int
  var heldOut: Int
  /// Records that did it; 0: none is to blame.
  var records = 0
  var firstStep: Int64?
  var lastStep: Int64?
  var stretches: [OffsetStretch] = []
  /// The measure before, and where the harm was seen.
  @JSONSafe var before: Double
  @JSONSafe var after: Double
  @JSONSafe var rise: Double
  @JSONSafe var noise: Double
  /// The most that the measure rises elsewhere in the window.
  var elsewhere: Double
  /// Of the rise, without the records.
  var remaining: Double?
  var passes: Int
  var agreement: StepReplay.Agreement
  var learned: Int
  var seconds: Double
  var sentence = ""
  /// What leaves them out; none where nothing would help.
  var commands: [String] = []

  /// Single records that a command names.
  private static let namedMax = 20

  init(
    pipeline: String, incident: Int64?, topic: String, measure: String, start: LineageWindow,
    steps: ClosedRange<Int64>, records: LearnedRecords, heldOut: Int, finding: CulpritSearch.Finding,
    agreement: StepReplay.Agreement, learned: Int, seconds: Double
  ) {
    (self.pipeline, self.incident, self.measure, verdict) = (pipeline, incident, measure, finding.verdict)
    (fromCheckpoint, fromStep, toStep) = (start.checkpoint, start.step, steps.upperBound)
    (searched, self.heldOut, passes) = (records.count, heldOut, finding.passes)
    (before, after, rise, noise) = (finding.before, finding.after, finding.rise, finding.noise)
    elsewhere = finding.elsewhere
    (remaining, self.agreement, self.learned, self.seconds) = (finding.remaining, agreement, learned, seconds)
    if let found = finding.records {
      self.records = found.count
      stretches = records.stretches(found)
      (firstStep, lastStep) = (records.step(of: found.lowerBound), records.step(of: found.upperBound - 1))
    }
    sentence = makeSentence()
    commands = makeCommands(topic, start)
  }

  private func makeSentence() -> String {
    let levels = "\(measure) rises from \(Wording.measure(before)) to \(Wording.measure(after)) on the held out records"
    switch verdict {
    case .input:
      return
        "\(levels), by what was learned of \(Wording.count(Int64(records), "record")) in steps \(firstStep ?? 0) to "
        + "\(lastStep ?? 0); without them \(Wording.measure((remaining ?? 0) * 100)) % of the rise is left"
    case .persistent:
      return
        "\(levels) from step \(firstStep ?? 0) on, and other records in the place of these do it too: it is how the model learns, "
        + "not what"
    case .transient:
      return agreement.same < agreement.steps
        ? "the harm does not come again: \(measure) rises by \(Wording.measure(rise)) at most, which its noise of "
          + "\(Wording.measure(noise)) explains, and \(agreement.steps - agreement.same) of \(agreement.steps) steps came out otherwise than "
          + "the first time"
        : rise < CulpritSearch.standsOut * noise
          ? "nothing stands out: \(measure) rises by \(Wording.measure(rise)) at most, and \(Wording.measure(CulpritSearch.standsOut * noise)) "
            + "would stand out from its noise; what there was did not last"
          : "nothing stands out: \(measure) rises by \(Wording.measure(rise)) at most, and by \(Wording.measure(elsewhere)) elsewhere in the "
            + "window, so that this may be what the stream does by itself; --measure slice:FEATURE=VALUE or feature:NAME sees what the whole "
            + "hides, and a shorter --window what others drown"
    case .earlier:
      return
        "the model was as bad when the window began (\(measure) \(Wording.measure(after)), an earlier checkpoint's "
        + "\(Wording.measure(before))): the harm was done before step \(fromStep + 1)"
    }
  }

  private func makeCommands(_ topic: String, _ start: LineageWindow) -> [String] {
    switch verdict {
    case .input:
      let single = stretches.reduce(0) { $0 + Int($1.count) }
      if single <= Self.namedMax {
        let names = stretches.flatMap { stretch in
          (stretch.from..<stretch.next).map { "--record \(topic)/\(stretch.partition)/\($0)" }
        }
        return ["retrainctl forget \(pipeline) " + names.joined(separator: " ")]
      }
      var (from, next): ([Int32: Int64], [Int32: Int64]) = ([:], [:])
      for stretch in stretches {
        from[stretch.partition] = min(from[stretch.partition] ?? .max, stretch.from)
        next[stretch.partition] = max(next[stretch.partition] ?? 0, stretch.next)
      }
      func list(_ places: [Int32: Int64]) -> String {
        places.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: ",")
      }
      return ["retrainctl rewind \(pipeline) --before \(list(from)) --until \(list(next))"]
    case .persistent: return ["retrainctl rewind \(pipeline) --to \(start.checkpoint) --learning-rate X"]
    case .earlier:
      let width = max(1, toStep - fromStep)
      return ["retrainctl incident culprit \(pipeline) --window \(max(1, fromStep - width + 1))..\(fromStep)"]
    case .transient: return []
    }
  }

  func lines(palette: Palette) -> [String] {
    var lines = [
      "verdict  " + (verdict == .transient ? verdict.rawValue : palette.bad(verdict.rawValue)),
      "because  \(sentence)",
    ]
    if records > 0 {
      let shown = stretches.prefix(8).map(\.description).joined(separator: "; ")
      lines.append("records  \(shown)" + (stretches.count > 8 ? " and \(stretches.count - 8) more stretches" : ""))
    }
    lines.append(
      "search   \(Wording.count(Int64(searched), "record")) of steps \(fromStep + 1) to \(toStep), from checkpoint \(fromCheckpoint) on, by "
        + "\(Wording.count(Int64(heldOut), "record")) that follow: \(passes) passes, \(Wording.count(Int64(learned))) records learned again in "
        + "\(Wording.measure(seconds)) s")
    if agreement.steps > 0 {
      lines.append(
        "check    \(Wording.count(Int64(agreement.same))) of \(Wording.count(Int64(agreement.steps), "step")) came out to the same bits as the "
          + "first time")
    }
    return lines + commands.map { "next     " + $0 }
  }
}
