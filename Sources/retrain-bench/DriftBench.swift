import Foundation
import Health
import JSON
import Vocabulary

extension Workload {
  /// A change detector over streams of numbers from standard input.
  static let drift = Workload(
    name: "drift",
    summary: "the changes in streams of numbers on standard input, and values a second",
    flags: [
      BenchFlag("detector", "adwin|page_hinkley|kswin|ddm", "adwin", "Who looks for changes."),
      BenchFlag("delta", "probability", nil, "adwin: of a false cut with a value."),
      BenchFlag("buckets", "n", nil, "adwin: of one size."),
      BenchFlag("side", "values", nil, "adwin: on either side of a cut, at least."),
      BenchFlag("every", "values", nil, "adwin: between two tests."),
      BenchFlag("tolerance", "deviations", nil, "page_hinkley: the change that is none."),
      BenchFlag("threshold", "deviations", nil, "page_hinkley: the sum that is a change."),
      BenchFlag("alpha", "probability", nil, "kswin: of a false alarm with a value."),
      BenchFlag("window", "values", nil, "kswin: in the window."),
      BenchFlag("recent", "values", nil, "kswin: the newest that are compared, and the size of the sample."),
      BenchFlag("seed", "n", nil, "kswin: of the sample."),
      BenchFlag("warning", "deviations", nil, "ddm: above the best, from which on it warns."),
      BenchFlag("change", "deviations", nil, "ddm: above the best that are a change."),
      BenchFlag("first", "values", nil, "page_hinkley, ddm: before the first comparison."),
      BenchFlag("errors", "n", nil, "ddm: before the first comparison."),
    ],
    run: runDrift)
}

/// Standard input has one number a line; a blank line begins the next stream, with a detector that knows nothing.
@Sendable private func runDrift(_ options: inout BenchOptions) throws {
  let name = options.string("detector")
  switch name {
  case "adwin":
    var settings = Adwin.Settings()
    try options.set(&settings.delta, "delta")
    try options.set(&settings.bucketsPerSize, "buckets")
    try options.set(&settings.sideMin, "side")
    try options.set(&settings.every, "every")
    try run(Adwin.self, settings, name, options)
  case "page_hinkley":
    var settings = PageHinkley.Settings()
    try options.set(&settings.tolerance, "tolerance")
    try options.set(&settings.threshold, "threshold")
    try options.set(&settings.valuesMin, "first")
    try run(PageHinkley.self, settings, name, options)
  case "kswin":
    var settings = KolmogorovSmirnovWindow.Settings()
    try options.set(&settings.alpha, "alpha")
    try options.set(&settings.window, "window")
    try options.set(&settings.recent, "recent")
    settings.seed = UInt64(try options.int("seed", default: Int(settings.seed)))
    try run(KolmogorovSmirnovWindow.self, settings, name, options)
  case "ddm":
    var settings = DriftDetectionMethod.Settings()
    try options.set(&settings.warning, "warning")
    try options.set(&settings.change, "change")
    try options.set(&settings.valuesMin, "first")
    try options.set(&settings.errorsMin, "errors")
    try run(DriftDetectionMethod.self, settings, name, options)
  default:
    throw BenchError("--detector \(name) is none of adwin, page_hinkley, kswin, ddm")
  }
}

extension BenchOptions {
  /// Takes over what was given.
  fileprivate func set(_ setting: inout Int, _ name: String) throws { setting = try int(name, default: setting) }
  fileprivate func set(_ setting: inout Double, _ name: String) throws {
    if !string(name).isEmpty { setting = try double(name) }
  }
}

private func run<Detector: ChangeDetector>(
  _ type: Detector.Type, _ settings: Detector.Settings, _ name: String, _ options: BenchOptions
) throws {
  let mine = Workload.drift.flags.filter { $0.name == "detector" || $0.help.prefix { $0 != ":" }.contains(name) }
  for flag in Workload.drift.flags where !options.string(flag.name).isEmpty {
    guard mine.contains(where: { $0.name == flag.name }) else {
      throw BenchError("--\(flag.name) is no flag of \(name)'s")
    }
  }
  guard settings.problems.isEmpty else { throw BenchError(settings.problems.joined(separator: "; ")) }
  try prove(Detector(settings))
  var stream = 0
  var line = 0
  var isAtEnd = false
  while !isAtEnd {
    let values = try nextStream(&line, &isAtEnd)
    guard !values.isEmpty || !isAtEnd || stream == 0 else { break }
    var detector = Detector(settings)
    var changes: [Change] = []
    let seconds = BenchClock.wall.measure {
      for value in values { if let change = detector.add(value) { changes.append(change) } }
    }
    for change in changes { try DriftLine(stream: stream, detector: name, change: change).emit() }
    let params = [
      "detector": name, "stream": String(stream), "values": String(values.count), "ignored": String(detector.ignored),
      "changes": String(changes.count),
    ]
    try BenchReport(
      workload: "drift", params: params, samples: [values.isEmpty ? 0 : Double(values.count) / seconds],
      unit: "values/s"
    ).emit()
    stream += 1
  }
}

/// The values up to a blank line or the end.
///
/// - Throws: `BenchError` with the line that is no number.
private func nextStream(_ line: inout Int, _ isAtEnd: inout Bool) throws -> [Double] {
  var values: [Double] = []
  while let text = readLine() {
    line += 1
    let word = text.trimmingCharacters(in: .whitespaces)
    if word.isEmpty { return values }
    guard let value = Double(word) else { throw BenchError("line \(line): '\(word.prefix(40))' is no number") }
    values.append(value)
  }
  isAtEnd = true
  return values
}

/// What one change is told as.
private struct DriftLine: Encodable {
  let stream: Int
  let detector: String
  let change: Change

  private enum CodingKeys: String, CodingKey {
    case stream, detector, index, began, meanBefore = "mean_before", meanAfter = "mean_after", direction, statistic,
      threshold
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(stream, forKey: .stream)
    try container.encode(detector, forKey: .detector)
    try container.encode(change.noticed, forKey: .index)
    try container.encode(change.began, forKey: .began)
    try container.encode(change.meanBefore, forKey: .meanBefore)
    try container.encode(change.meanAfter, forKey: .meanAfter)
    try container.encode(change.direction, forKey: .direction)
    try container.encode(change.statistic, forKey: .statistic)
    try container.encode(change.threshold, forKey: .threshold)
  }

  func emit() throws { FileHandle.standardOutput.write(Data((try JSONText.canonical(self) + "\n").utf8)) }
}

/// A detector that is written down and read back after each stretch of a stream of errors says what one says that is not.
private func prove<Detector: ChangeDetector>(_ fresh: Detector) throws {
  var random = SplitMix64(seed: 7)
  var detector = fresh
  var copied = fresh
  for index in 0..<4000 {
    let value = random.nextUnit() < (index / 1000 % 2 == 0 ? 0.1 : 0.6) ? 1.0 : 0.0
    if index % 97 == 0 {
      copied = try JSONDecoder().decode(Detector.self, from: try JSONEncoder().encode(copied))
    }
    guard detector.add(value) == copied.add(value), detector == copied else {
      throw BenchError("value \(index): a detector that was read back answers otherwise")
    }
  }
}
