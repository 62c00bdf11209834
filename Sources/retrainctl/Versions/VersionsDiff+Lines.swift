import Evaluation
import Foundation
import Vocabulary

extension VersionsDiff {
  /// For people.
  func lines(palette: Palette) -> [String] {
    func about(_ side: Side) -> String {
      palette.bold(side.name) + (side.state.map { "  \($0)" } ?? "")
        + (side.version == nil ? "" : ", checkpoint \(side.checkpoint)")
        + ", step \(Wording.count(side.step)), lineage \(side.lineage)"
        + (side.run == "live" ? "" : " of the run '\(side.run)'")
    }
    var lines = [about(one), about(other)]
    if isSame { lines.append("their parameters are the same, to the last bit") }
    lines += section(
      "settings", settings.map { "\($0.setting): \($0.one ?? "not there") → \($0.other ?? "gone")" }, palette)
    lines += section("edited between them", edits, palette)
    lines += section("what they learned", learnedLines, palette)
    lines += section("measures, test then train", measureTable.lines(palette: palette, indent: 0), palette)
    lines += section("on the same records", pairLines, palette)
    if let weights {
      lines += section("weights a layer", table(of: weights).lines(palette: palette, indent: 0), palette)
      if let note = weights.note { lines.append("  " + palette.dim(note)) }
    }
    if let mine = one.members, let theirs = other.members {
      let words = mine.map { member in
        let twin = theirs.first { $0.member == member.member }?.weight
        return "\(member.member) \(Wording.figure(member.weight)) → \(Wording.figure(twin))"
      }
      lines += section("members weigh", [words.joined(separator: ", ")], palette)
    }
    lines += section("health a layer", healthTable.lines(palette: palette, indent: 0), palette)
    lines += section("not compared", notes, palette)
    return lines
  }

  private func section(_ title: String, _ lines: [String], _ palette: Palette) -> [String] {
    lines.isEmpty ? [] : ["", palette.bold(title)] + lines.map { "  " + $0 }
  }

  private var learnedLines: [String] {
    func list(_ stretches: [OffsetStretch]) -> String {
      let count = Wording.count(stretches.reduce(0) { $0 + $1.count }, "offset")
      let shown = stretches.prefix(6).map(\.description).joined(separator: ", ")
      return count + ": " + shown + (stretches.count > 6 ? " and \(stretches.count - 6) stretches more" : "")
    }
    var lines: [String] = []
    if let both = learned.both { lines.append("both: \(Wording.count(both, "offset"))") }
    for (name, only) in [(one.name, learned.onlyOne), (other.name, learned.onlyOther)] where !only.isEmpty {
      lines.append("only \(name): \(list(only))")
    }
    for (name, out) in [(one.name, learned.leftOutOne), (other.name, learned.leftOutOther)] where !out.isEmpty {
      lines.append("left out of \(name): \(list(out))")
    }
    return lines
  }

  private var pairLines: [String] {
    guard let pairs else {
      return one.version == nil || other.version == nil
        ? [] : ["they were never asked about the same records: workers ask those that are compared for a decision"]
    }
    return pairs.measures.map { measure in
      let name = ["error": "wrong answers", "area": "what the AUC lacks"][measure.measure] ?? measure.measure
      let bounds =
        measure.lower.flatMap { lower in
          measure.upper.map { ", between \(Wording.measure(lower)) and \(Wording.measure($0)) at every look" }
        } ?? ", not bounded yet"
      return "\(name) of \(one.name) less \(other.name)'s, \(Wording.count(pairs.pairs, "record")): "
        + Wording.measure(measure.mean) + bounds
    }
  }

  private var measureTable: TextTable {
    let quality = TextTable.quality([one.measures, other.measures])
    var table = TextTable("", ">records", ">loss", ">\(quality.title)", ">last window", ">loss", ">\(quality.title)")
    for side in [one, other] {
      table.add(
        side.name, Wording.count(side.measures.records), Wording.compact(side.measures.loss),
        quality.value(side.measures), Wording.count(side.window.records), Wording.compact(side.window.loss),
        quality.value(side.window))
    }
    return table
  }

  private func table(of weights: WeightsDifference) -> TextTable {
    var table = TextTable(
      "part", ">numbers", ">norm", ">other's", ">apart", ">of the norm", ">largest")
    for part in weights.parts {
      let counts = [part.numbersOne, part.numbersOther].map { $0.map { Wording.count(Int64($0)) } ?? "none" }
      table.add(
        part.part, counts[0] == counts[1] ? counts[0] : counts.joined(separator: "/"), Wording.measure(part.normOne),
        Wording.measure(part.normOther), Wording.measure(part.distance),
        part.share.map(Wording.percent) ?? "–", Wording.measure(part.largest))
    }
    return table
  }

  private var healthTable: TextTable {
    var table = TextTable("layer", ">dead", ">other's", ">saturated", ">other's", ">gradient", ">other's")
    func dead(_ layer: PipelineStatus.Layer?) -> String { layer.map { "\($0.deadUnits) of \($0.units)" } ?? "–" }
    func saturated(_ layer: PipelineStatus.Layer?) -> String {
      layer.map { Wording.percent($0.saturatedShare) } ?? "–"
    }
    for layer in health {
      table.add(
        layer.layer, dead(layer.one), dead(layer.other), saturated(layer.one), saturated(layer.other),
        Wording.measure(layer.one?.gradientNorm), Wording.measure(layer.other?.gradientNorm))
    }
    return table
  }
}
