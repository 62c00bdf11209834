import Vocabulary
import Worker

extension Reproduction {
  /// Which state it was, and how far from the incident.
  var stateSentence: String {
    let at = "checkpoint \(state.checkpoint), of step \(Wording.count(state.checkpointStep))"
    let distance = incidentStep - state.checkpointStep
    if distance == 0 { return "\(at): the very state in which it happened" }
    if distance < 0 {
      return "\(at): \(Wording.count(-distance, "step")) after the incident"
        + (state.isChosen ? "" : ", the nearest state that is kept; none from before it is")
    }
    var sentence =
      "\(at)\(state.isChosen ? "" : ", the newest kept before the incident"); the incident was at step \(Wording.count(incidentStep))"
    if let replay = state.replay {
      sentence += "; the \(Wording.count(distance, "step")) between were made again from the ledger, "
      sentence +=
        replay.same == replay.steps
        ? "each with the same loss and gradient to the last bit"
        : "\(replay.steps - replay.same) with a loss or gradient that differs, by \(Wording.measure(replay.deviation * 100)) % at most: "
          + "several workers add up in another order, or settings of training were edited since"
    } else {
      sentence += ", \(Wording.count(distance, "step")) later"
      if let gap = state.gap { sentence += "; these steps were not made again: \(gap)" }
    }
    return sentence
  }

  func sentence(of record: Record) -> String {
    guard record.refusal == nil, !record.isReproduced, !record.isModelToBlame, state.step != incidentStep else {
      return record.sentence
    }
    return record.sentence
      + " (with the state of checkpoint \(state.checkpoint) at step \(Wording.count(state.step)); the incident was at step "
      + "\(Wording.count(incidentStep)))"
  }

  /// Records that are shown stage by stage; of further ones what came of them. JSON has all.
  private static let tablesMax = 3

  /// For people.
  func lines(palette: Palette) -> [String] {
    var lines = ["state    \(stateSentence)"]
    if isWholeStep {
      lines.append("records  none is named: only the sum over the step overflowed; these are the records that it had")
    }
    for (place, record) in records.enumerated() {
      lines.append("record   \(record.record)" + (record.source == .log ? "" : ", from the dead-letter topic"))
      let sentence = sentence(of: record)
      lines.append("result   " + (record.isReproduced || record.isModelToBlame ? palette.bad(sentence) : sentence))
      guard record.refusal == nil, place < Self.tablesMax else { continue }
      lines.append("")
      lines += Self.table(record.stages, palette).lines(palette: palette, indent: 0)
      lines.append("")
    }
    if missing > 0 {
      lines.append("missing  \(Wording.count(Int64(missing), "record")): \(missingReason ?? "there was no more time")")
    }
    if leftOut > 0 { lines.append("left out \(Wording.count(Int64(leftOut), "record")), by --limit") }
    return lines
  }

  private static func table(_ stages: [Stage], _ palette: Palette) -> TextTable {
    var table = TextTable(
      "", "layer", "what", "feature", ">raw", ">clipped", ">values", ">not finite", ">least", ">most", ">mean")
    for stage in stages {
      table.add(
        stage.isFirst ? palette.bad("first →") : "", stage.layer, stage.part + (stage.isThinned ? ", thinned" : ""),
        stage.feature ?? "–", stage.raw ?? "–", stage.given ?? "–", Wording.count(Int64(stage.values)),
        stage.nonFinite == 0 ? "0" : palette.bad(Wording.count(Int64(stage.nonFinite))), Wording.measure(stage.least),
        Wording.measure(stage.most), Wording.measure(stage.mean))
    }
    return table
  }
}
