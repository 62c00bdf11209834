import Foundation
import Health
import JSON
import Vocabulary

extension Workload {
  /// What the rules say of windows of records beside those of a baseline, from standard input.
  static let windows = Workload(
    name: "windows",
    summary: "which features of windows on standard input the rules find changed, beside a baseline's windows",
    flags: [
      BenchFlag(
        "false-alarms", "share", nil,
        "Of windows without a change those of which something may be said, over all features: the rules' own without it. "
          + "Input: 'columns NAME:number NAME:category …' begins a case, 'baseline' each of its windows, the oldest first, "
          + "'window NAME' each to be judged; then a record a line, a value a column, '-' where there is none, of a category "
          + "a number from 1 on.")
    ],
    run: runWindows)
}

@Sendable private func runWindows(_ options: inout BenchOptions) throws {
  var limits = HealthLimits()
  let share = options.string("false-alarms")
  if !share.isEmpty { limits.falseAlarmsMax = try options.double("false-alarms") }
  guard (0...1).contains(limits.falseAlarmsMax) else { throw BenchError("--false-alarms is 0 … 1") }
  var reader = WindowLines()
  var (judged, seconds) = (0, [Double]())
  var number = 0
  while let columns = try reader.nextCase() {
    var open = WindowCase(number: number, columns: columns, limits: limits)
    while let (name, records) = try reader.nextWindow(of: columns) {
      guard let name else {
        open.baseline.append(records)
        continue
      }
      judged += 1
      seconds.append(try open.judge(name, records))
    }
    number += 1
  }
  guard judged > 0 else { throw BenchError("no window was given to be judged") }
  try BenchReport(
    workload: "windows", params: ["cases": "\(number)", "windows": "\(judged)"], samples: seconds.map { $0 * 1e3 },
    unit: "ms"
  ).emit()
}

/// The records of one window, row-major.
private struct WindowRecords {
  var cells: [RowCell] = []
  var rows = 0
}

/// One baseline and the windows that are held against it.
private struct WindowCase {
  let number: Int
  let columns: [RowColumn]
  let limits: HealthLimits
  var baseline: [WindowRecords] = []
  private var known: DriftBaseline?

  init(number: Int, columns: [RowColumn], limits: HealthLimits) {
    (self.number, self.columns, self.limits) = (number, columns, limits)
  }

  /// - Returns: Seconds that the comparison took, without the baseline's making.
  mutating func judge(_ name: String, _ records: WindowRecords) throws -> Double {
    let baseline = try made()
    let sample = sampled(records, from: 0, every: 1)
    var drift: DriftWindow?
    let seconds = BenchClock.cpu.measure { drift = DriftWindow(topic: "bench", [sample], baseline: baseline) }
    var parts = sampled(records, from: 0, every: 3)
    for part in 1..<3 { parts.merge(sampled(records, from: part, every: 3)) }
    let merged = DriftWindow(topic: "bench", [parts.settled()], baseline: baseline)
    guard merged?.columns == drift?.columns else {
      throw BenchError("window '\(name)': parts say what the whole does not")
    }
    let window = HealthWindow(fields: fields(records), drift: drift)
    let findings = examine(window, policy: HealthPolicy(limits: limits)).filter {
      $0.verdict == .fail && $0.feature != nil
    }
    let line = WindowLine(case: number, window: name, rows: records.rows, findings: findings)
    FileHandle.standardOutput.write(Data((try JSONText.canonical(line) + "\n").utf8))
    return seconds
  }

  private mutating func made() throws -> DriftBaseline {
    if let known { return known }
    let windows = baseline.reversed().map { sampled($0, from: 0, every: 1) }
    guard let made = DriftBaseline(windows, falseAlarms: limits.falseAlarmsMax) else {
      throw BenchError("case \(number): a baseline has \(DriftBaseline.windowsMin) windows of 1000 records at least")
    }
    known = made
    return made
  }

  private func sampled(_ records: WindowRecords, from first: Int, every: Int) -> RowSample {
    var sample = RowSample(columns)
    for row in stride(from: first, to: records.rows, by: every) {
      let key = RecordKey(partition: 0, offset: Int64(row)).word
      guard sample.wants(key) else { continue }
      sample.append(key) { $0.append(contentsOf: records.cells[row * columns.count..<(row + 1) * columns.count]) }
    }
    return sample.settled()
  }

  /// As a worker counts them.
  private func fields(_ window: WindowRecords) -> FieldReport {
    func counts(_ all: [WindowRecords], _ place: Int) -> FieldReport.Counts {
      var counts = FieldReport.Counts()
      for records in all {
        counts.records += Int64(records.rows)
        for row in 0..<records.rows where records.cells[row * columns.count + place].isAbsent(in: columns[place].kind) {
          counts.missing += 1
        }
      }
      return counts
    }
    return FieldReport(
      records: Int64(window.rows),
      fields: columns.indices.map { place in
        FieldReport.Field(
          name: columns[place].name, path: columns[place].name, isFeature: true,
          total: counts(baseline + [window], place), window: counts([window], place))
      })
  }
}

/// What one window is told as.
private struct WindowLine: Encodable {
  struct Finding: Encodable {
    let feature, rule: String
    let observed, threshold: Double
    let detail: String?
  }

  let `case`: Int
  let window: String
  let rows: Int
  let findings: [Finding]

  init(case number: Int, window: String, rows: Int, findings: [HealthFinding]) {
    (self.case, self.window, self.rows) = (number, window, rows)
    self.findings = findings.map {
      Finding(
        feature: $0.feature ?? "", rule: $0.rule, observed: $0.observed, threshold: $0.threshold, detail: $0.detail)
    }
  }
}

/// Standard input, a window at a time.
private struct WindowLines {
  private var number = 0
  /// A line that begins something, and was read too early.
  private var held: String?

  private mutating func next() -> String? {
    if let line = held {
      held = nil
      return line
    }
    number += 1
    return readLine()
  }

  mutating func nextCase() throws -> [RowColumn]? {
    guard let line = next() else { return nil }
    let words = line.split(separator: " ")
    guard words.first == "columns", words.count > 1 else {
      throw BenchError("line \(number): 'columns …' begins a case")
    }
    return try words.dropFirst().map { word in
      let parts = word.split(separator: ":")
      guard parts.count == 2, let kind = RowColumn.Kind(rawValue: String(parts[1])) else {
        throw BenchError("line \(number): '\(word)' is no column; write NAME:number or NAME:category")
      }
      return RowColumn(String(parts[0]), .feature, kind)
    }
  }

  /// - Returns: Its name, nil of one of the baseline; nil at the end of the case.
  mutating func nextWindow(of columns: [RowColumn]) throws -> (name: String?, records: WindowRecords)? {
    guard let line = next() else { return nil }
    if line.hasPrefix("columns") {
      held = line
      return nil
    }
    let words = line.split(separator: " ", maxSplits: 1)
    let isJudged = words.first == "window" && words.count == 2
    guard isJudged || line == "baseline" else {
      throw BenchError("line \(number): 'baseline' or 'window NAME' begins a window, not '\(line.prefix(40))'")
    }
    var records = WindowRecords()
    while let line = next() {
      if line.hasPrefix("columns") || line.hasPrefix("window") || line == "baseline" {
        held = line
        break
      }
      try read(line, columns, into: &records)
    }
    return (isJudged ? String(words[1]) : nil, records)
  }

  private func read(_ line: String, _ columns: [RowColumn], into records: inout WindowRecords) throws {
    let words = line.split(separator: " ")
    guard words.count == columns.count else {
      throw BenchError("line \(number): \(words.count) values of \(columns.count) columns")
    }
    for (column, word) in zip(columns, words) {
      switch column.kind {
      case .number:
        guard let value = word == "-" ? Float.nan : Float(word) else {
          throw BenchError("line \(number): '\(word)' is no number")
        }
        records.cells.append(RowCell(value))
      case .category:
        guard let value = word == "-" ? 0 : UInt32(word) else {
          throw BenchError("line \(number): '\(word)' is no category; write 1, 2, …")
        }
        records.cells.append(RowCell(category: value))
      }
    }
    records.rows += 1
  }
}
