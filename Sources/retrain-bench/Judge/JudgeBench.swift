import Evaluation
import Foundation
import Vocabulary

extension Workload {
  /// How often versions are judged wrongly, and how soon rightly.
  static let judge = Workload(
    name: "judge",
    summary: "how often versions are judged wrongly, and how soon rightly, beside other rules",
    flags: [
      BenchFlag(
        "part", "errors|bounded|zoo|all", "all",
        "errors: versions that are equal or worse by exactly the margin, many runs each; "
          + "bounded: the same for "
          + BoundedStream.allCases.map { "\($0): \($0.about)" }.joined(separator: "; ")
          + "; zoo: 25 bad and 25 good small networks "
          + "on a stream, each judged by its loss, errors, area, latency and slices."),
      BenchFlag("form", "lines|table", "lines", "One JSON object a line, or a table to read."),
      BenchFlag("runs", "n", "10000", "errors: of each stream and version."),
      BenchFlag("seeds", "n", "400", "zoo: each with a truth and networks of its own."),
      BenchFlag("records", "n", "50000", "Of a run; of a bad version in the zoo 10000 since it is bad."),
      BenchFlag("batch", "records", "250", "Between two looks."),
      BenchFlag("first", "records", "2000", "Before the first look."),
      BenchFlag("alpha", "probability", "0.01", "Of both errors together in errors, of each of them in the zoo."),
      BenchFlag(
        "streams", "names|all", "all",
        "errors: " + LossStream.allCases.map { "\($0): \($0.about)" }.joined(separator: "; ") + "."),
      BenchFlag(
        "rules", "names|all", "sequence,asymptotic,sequential,fixed",
        "errors (the zoo has them all): "
          + StoppingRule.allCases.map { "\($0): \($0.about)" }.joined(separator: "; ") + "."),
      BenchFlag("seed", "n", "1", "Of the first run; each further one has the next."),
    ],
    run: runJudge)
}

@Sendable private func runJudge(_ options: inout BenchOptions) throws {
  var settings = ErrorSettings()
  settings.runs = try options.int("runs")
  settings.records = try options.int("records")
  settings.batch = try options.int("batch")
  settings.first = try options.int("first")
  settings.alpha = try options.double("alpha")
  settings.seed = UInt64(try options.int("seed"))
  guard settings.alpha > 0, settings.alpha < 1 else { throw BenchError("--alpha lies between 0 and 1") }
  let streams: [LossStream] = try options.choices("streams")
  let rules: [StoppingRule] = try options.choices("rules")
  let parts: [JudgePart] = try options.choices("part")
  let forms: [JudgeForm] = try options.choices("form")
  guard let form = forms.first, forms.count == 1 else { throw BenchError("--form is lines or table") }
  let offsets = LogitOffsets()
  try prove(offsets)
  if parts.contains(.errors) {
    try form.begin(JudgeErrorLine.titles)
    for (stream, candidate) in pairs(streams) {
      let outcomes = ErrorRuns(
        settings: settings, stream: stream, candidate: candidate, rules: rules, offsets: offsets
      ).outcomes()
      for (rule, outcomes) in zip(rules, outcomes) {
        try form.emit(
          JudgeErrorLine(
            settings: settings, stream: stream.rawValue, candidate: candidate, rule: rule, outcomes: outcomes))
      }
    }
  }
  if parts.contains(.bounded) {
    try form.begin(JudgeErrorLine.titles)
    for (stream, candidate) in pairs(BoundedStream.allCases) {
      let outcomes = BoundedRuns(settings: settings, stream: stream, candidate: candidate).outcomes()
      try form.emit(
        JudgeErrorLine(
          settings: settings, stream: stream.rawValue, candidate: candidate, rule: .sequence, outcomes: outcomes))
    }
  }
  if parts.contains(.zoo) {
    try form.begin(JudgeZooLine.titles)
    for line in JudgeZooLine.all(settings, seeds: try options.int("seeds")) { try form.emit(line) }
  }
}

private enum JudgePart: String, CaseIterable { case errors, bounded, zoo }

private func pairs<Stream>(_ streams: [Stream]) -> [(Stream, LossStream.Candidate)] {
  streams.flatMap { [($0, .equal), ($0, .atMargin)] }
}

extension BenchOptions {
  /// Names with commas between them, or all there are.
  func choices<Choice: RawRepresentable & CaseIterable>(_ name: String) throws -> [Choice]
  where Choice.RawValue == String {
    let text = string(name)
    if text == "all" { return Array(Choice.allCases) }
    return try text.split(separator: ",").map { word in
      guard let choice = Choice(rawValue: String(word)) else {
        let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw BenchError("--\(name): '\(word)' is none of \(known)")
      }
      return choice
    }
  }
}

/// Parts of a run that are merged, and read back from bytes on the way, have the bounds of the whole.
private func prove(_ offsets: LogitOffsets) throws {
  for stream in LossStream.allCases {
    var run = LossRun(stream, .atMargin, offsets: offsets, seed: 3)
    var candidates = [Double](repeating: 0, count: 500)
    var baselines = candidates
    var whole = PairedDifference()
    var merged = PairedDifference()
    for _ in 0..<8 {
      run.next(candidate: &candidates, baseline: &baselines)
      var part = PairedDifference()
      for (own, other) in zip(candidates, baselines) {
        whole.add(candidate: own, baseline: other)
        part.add(candidate: own, baseline: other)
      }
      var bytes: [UInt8] = []
      part.encode(into: &bytes)
      merged.merge(try PairedDifference(decoding: bytes))
    }
    let one = whole.confidenceSequence(confidence: 0.99)
    let other = merged.confidenceSequence(confidence: 0.99)
    let room = 1e-9 * (one.upper - one.lower)
    guard abs(one.lower - other.lower) <= room, abs(one.upper - other.upper) <= room else {
      throw BenchError("\(stream): the bounds of merged parts are \(other), those of the whole are \(one)")
    }
  }
}
