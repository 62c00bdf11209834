import Foundation
import Health
import Testing
import Vocabulary

@Suite("Drift beside a baseline")
struct DriftBaselineTests {
  private let usual = SampledStream()
  private func baseline(_ windows: Int = 8, falseAlarms: Double = 1e-4) throws -> DriftBaseline {
    try #require(DriftBaseline(usual.windows(windows, of: 5000), falseAlarms: falseAlarms))
  }

  /// What is said of a stream that is the usual one until a record, and another one from then on.
  private func drift(
    from onset: Int = 100_000, _ change: @escaping (inout SplitMix64, inout [RowCell]) -> Void
  ) throws -> [String: ColumnDrift] {
    var stream = usual
    stream.cells = { random, record in
      var cells = SampledStream.usual(&random, record)
      if record >= onset { change(&random, &cells) }
      return cells
    }
    let window = DriftWindow(
      topic: "flights", [stream.window(100_000..<106_000), usual.window(94_000..<100_000)], baseline: try baseline())
    return Dictionary(uniqueKeysWithValues: try #require(window).columns.map { ($0.column.name, $0) })
  }

  @Test("is told of no column while nothing changes")
  func quiet() throws {
    for (name, column) in try drift({ _, _ in }) {
      #expect(column.change == .none && column.stabilityIndex < column.bound, "\(name): \(column)")
      #expect(column.bound < 0.1, "\(name): \(column.bound)")
    }
  }

  @Test("of a shifted feature is told of that one alone, with the record that it began with")
  func shifted() throws {
    let columns = try drift(from: 102_000) { _, cells in cells[2] = RowCell(cells[2].number + 300) }
    let dist = try #require(columns["dist"])
    #expect(dist.change == .spread && dist.stabilityIndex > 0.25)
    #expect(columns.values.filter { $0.change != .none }.count == 1)
    #expect(dist.since.map(\.partition) == [0, 1, 2])
    // Record 102,000 has the offset 34,000; a third of the records is in the sample.
    for key in dist.since { #expect(abs(key.offset - 34_000) < 60, "\(key)") }
  }

  @Test("of numbers in another unit names the factor", arguments: [1000, 1.0 / 60, 25.4])
  func unit(factor: Double) throws {
    let dist = try #require(
      try drift { _, cells in cells[2] = RowCell(cells[2].number * Float(factor)) }["dist"])
    let found = if case .scaled(let by) = dist.change { by } else { 0.0 }
    #expect(abs(found / factor - 1) < 0.05, "\(dist.change)")
  }

  @Test("of a field that broke says that it has one value, or none")
  func broken() throws {
    let constant = try drift { _, cells in cells[2] = RowCell(-1) }
    #expect(constant["dist"]?.change == .constant(-1) && constant["carrier"]?.change == ColumnDrift.Change.none)
    let category = try drift { _, cells in cells[3] = RowCell(category: 2) }
    #expect(category["carrier"]?.change == .constant(2))
    let gone = try drift { _, cells in cells[2] = RowCell(.nan) }
    #expect(gone["dist"]?.change == .spread && gone["dist"]?.now.absentShare == 1)
  }

  @Test("of new categories, a rarer label and other answers is told of each")
  func others() throws {
    let carriers = try drift { random, cells in
      if random.nextUnit() < 0.3 { cells[3] = RowCell(category: 900 + UInt32(random.next() % 50)) }
    }
    #expect(carriers["carrier"]?.change == .spread && carriers.values.filter { $0.change != .none }.count == 1)
    let labels = try drift { random, cells in cells[0] = RowCell(random.nextUnit() < 0.6 ? 1 : 0) }
    #expect(labels["y"]?.change == .spread && labels["dist"]?.change == ColumnDrift.Change.none)
    let answers = try drift { _, cells in cells[1] = RowCell(cells[1].number + 0.3) }
    #expect(answers["prediction"]?.change == .spread && answers["y"]?.change == ColumnDrift.Change.none)
  }

  @Test("is bound by what windows differ by themselves: a stream that comes and goes is not told of at every turn")
  func restless() throws {
    // The mean wanders by a third of its spread from window to window.
    var restless = usual
    restless.cells = { random, record in
      var window = SplitMix64(seed: UInt64(record / 5000))
      var cells = SampledStream.usual(&random, record)
      cells[2] = RowCell(cells[2].number + 50 * window.nextNearlyNormal())
      return cells
    }
    let windows = restless.windows(40, of: 5000)
    let baseline = try #require(DriftBaseline(Array(windows.suffix(16)), falseAlarms: 1e-4))
    let quiet = try self.baseline(16)
    var alarms = (restless: 0, guessed: 0)
    for window in windows.prefix(24) {
      let column = try #require(baseline.compare(window).first { $0.column.name == "dist" })
      if column.change != .none { alarms.restless += 1 }
      if quiet.compare(window).first(where: { $0.column.name == "dist" })?.change != ColumnDrift.Change.none {
        alarms.guessed += 1
      }
    }
    #expect(alarms.restless == 0 && alarms.guessed > 12, "\(alarms)")
  }

  @Test("keeps to the share of false alarms that was chosen, over all columns together")
  func falseAlarms() throws {
    let baseline = try baseline(16, falseAlarms: 0.05)
    var alarms = 0
    let looks = 300
    for look in 0..<looks {
      let first = 200_000 + look * 3000
      if baseline.compare(usual.window(first..<(first + 3000))).contains(where: { $0.change != .none }) { alarms += 1 }
    }
    // 15 are expected at most: the draws count the noise of the baseline's own windows twice.
    #expect(alarms <= 24, "\(alarms) of \(looks)")
  }

  @Test("says nothing with too few windows, and takes small ones together")
  func few() {
    #expect(DriftBaseline(usual.windows(7, of: 5000), falseAlarms: 1e-4) == nil)
    #expect(DriftBaseline([], falseAlarms: 1e-4) == nil)
    #expect(DriftBaseline(usual.windows(32, of: 300), falseAlarms: 1e-4)?.windows == 8)
  }

  @Test("breaks on nothing: windows of one value, of none, of numbers at the end of their range")
  func hostile() throws {
    for value: Float in [.nan, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude, 0, -0.0] {
      var stream = usual
      stream.cells = { _, _ in [RowCell(value), RowCell(value), RowCell(value), RowCell(category: 0)] }
      let windows = stream.windows(9, of: 2000)
      let hostile = try #require(DriftBaseline(windows, falseAlarms: 1e-4))
      for baseline in [hostile, try baseline()] {
        for window in windows + [usual.window(0..<2000), RowSample(SampledStream.columns)] {
          for column in baseline.compare(window) {
            #expect(!column.stabilityIndex.isNaN && !column.bound.isNaN && !column.jensenShannon.isNaN)
            _ = baseline.onset(of: column, in: [window])
          }
        }
      }
    }
  }
}
