import Foundation
public import Vocabulary

/// How one column of a window lies beside the baseline.
public struct ColumnDrift: Sendable, Hashable {
  /// What the change looks like.
  public enum Change: Sendable, Hashable {
    /// It is no larger than windows differ by themselves.
    case none
    case spread
    /// All records have one value.
    case constant(Float)
    /// The same numbers times a factor: most likely another unit.
    case scaled(by: Double)
  }

  public var column: RowColumn
  /// Records of the window's sample.
  public var rows: Int
  /// Population stability index over the baseline's bins.
  public var stabilityIndex: Double
  /// Up to which index a window without drift may come; infinity: windows are so unlike each other that no index says anything.
  public var bound: Double
  /// Over the same bins; 0 … 1.
  public var jensenShannon: Double
  /// By how much numbers moved on average, in spreads of the baseline (between its 5 % and 95 % quantiles); nil: of a category.
  public var wasserstein: Double?
  public var change: Change
  /// The largest share that one value had in any of the baseline's windows.
  public var steadiest: Double
  public var before: ColumnSummary
  public var now: ColumnSummary
  /// The first records of the change, one a partition; none: it began before what was looked at.
  public var since: [RecordKey] = []
}

extension DriftBaseline {
  /// Holds a window against the baseline; columns that only one of the two has are left out.
  ///
  /// - Parameter window: Settled.
  public func compare(_ window: RowSample) -> [ColumnDrift] {
    window.columns.indices.compactMap { place in
      columns.first { $0.column == window.columns[place] }.map { compare($0, window, place) }
    }
  }

  private func compare(_ baseline: Column, _ window: RowSample, _ place: Int) -> ColumnDrift {
    let cells = (0..<window.count).map { window.cell($0, place) }
    let counts = baseline.bins.counts(cells.map(baseline.bins.bin(of:)))
    let now = ColumnSummary(baseline.column, cells)
    let index = populationStabilityIndex(counts, baseline.counts)
    var drift = ColumnDrift(
      column: baseline.column, rows: window.count, stabilityIndex: index,
      bound: bound(baseline, rows: window.count), jensenShannon: jensenShannonDistance(counts, baseline.counts),
      wasserstein: baseline.column.kind == .number ? distance(baseline, cells) : nil, change: .none,
      steadiest: baseline.steadiest, before: baseline.summary, now: now)
    if now.distinct == 1, now.absentShare < 0.5, baseline.steadiest < 0.9, let value = now.top {
      drift.change = .constant(value)
    } else if let factor = factor(baseline, cells), index > drift.bound || Self.isUnit(factor, baseline, cells) {
      drift.change = .scaled(by: factor)
    } else if index > drift.bound {
      drift.change = .spread
    }
    return drift
  }

  /// Mean distance between the numbers of equal rank, in spreads.
  private func distance(_ baseline: Column, _ cells: [RowCell]) -> Double? {
    let quantiles = Self.quantiles(cells)
    guard !quantiles.isEmpty, !baseline.quantiles.isEmpty, let low = baseline.summary.low,
      let high = baseline.summary.high
    else { return nil }
    let sum = zip(quantiles, baseline.quantiles).reduce(0) { $0 + abs(Double($1.0) - Double($1.1)) }
    let mean = sum / Double(quantiles.count)
    let spread = Double(high) - Double(low)
    return spread > 0 ? mean / spread : mean == 0 ? 0 : .infinity
  }

  /// By what the numbers were multiplied, if that alone makes them what they were.
  private func factor(_ baseline: Column, _ cells: [RowCell]) -> Double? {
    guard let was = baseline.quantiles.isEmpty ? nil : Self.size(baseline.quantiles.map { RowCell($0) }),
      let size = Self.size(cells)
    else { return nil }
    let factor = size / was
    guard factor.isFinite, factor > 0, factor >= Self.factorMin || factor <= 1 / Self.factorMin else { return nil }
    let scaled = cells.map { RowCell(Float(Double($0.number) / factor)) }
    let counts = baseline.bins.counts(scaled.map(baseline.bins.bin(of:)))
    let index = populationStabilityIndex(counts, baseline.counts)
    return index <= max(Self.sameShape, bound(baseline, rows: cells.count)) ? factor : nil
  }

  /// Whether numbers are so much larger or smaller than in any window that it cannot be a season.
  private static func isUnit(_ factor: Double, _ baseline: Column, _ cells: [RowCell]) -> Bool {
    guard let sizes = baseline.sizes, let size = size(cells) else { return false }
    // Where windows are unlike each other their shape says nothing, and it takes more.
    let least = baseline.bounds.allSatisfy(\.isFinite) ? unitMin : 10 * unitMin
    return size > least * sizes.upperBound || size < sizes.lowerBound / least
  }

  /// Smaller ones are growth rather than a unit.
  static let factorMin = 1.5
  private static let unitMin = 5.0
  /// Rounding moves a few numbers over the edges of bins.
  private static let sameShape = 0.25
}
