import Foundation
import Vocabulary

/// How features, labels and predictions were spread over the windows that a version was made of, and how much that differed from
/// window to window: what later windows are held against.
///
/// How far a window may be from it is not guessed. Windows are drawn again and again from the baseline's own, each from one of them
/// and held against those that came before, so that what changes from window to window by itself counts as well as chance: a season
/// that moves on, a feature that comes and goes. The bound is what a chosen share of them would exceed, by Bonferroni's inequality
/// over all columns together.
///
/// - Source: Efron & Tibshirani 1993, "An Introduction to the Bootstrap"; the tail by Wilson & Hilferty 1931.
public struct DriftBaseline: Sendable {
  struct Column: Sendable {
    let column: RowColumn
    let bins: ColumnBins
    let counts: [Int64]
    let summary: ColumnSummary
    /// The largest share that one value had in any of the windows.
    let steadiest: Double
    /// The smallest and the largest size of numbers in the middle of a window; nil: of a category, or all are 0 or absent.
    let sizes: ClosedRange<Double>?
    /// Numbers at equal steps of probability, from the smallest to the largest; none of a category.
    let quantiles: [Float]
    /// The bound of a window of `Self.sizes` records each.
    let bounds: [Double]
  }

  private(set) var columns: [Column]
  /// Records of all windows' samples.
  public let rows: Int
  public let windows: Int

  /// Fewer windows say nothing of how much windows differ.
  public static let windowsMin = 8
  /// Windows with fewer records are taken together.
  public static let rowsWanted = 1000
  /// Bounds are drawn for windows of so many records.
  static let sizes = [256, 2048]
  /// Of very many columns fewer are drawn, so that a baseline is made within a second.
  private static func draws(_ columns: Int) -> Int { columns > 64 ? 60 : 200 }
  /// About what it comes to where a fifteenth of the one lies where the other has nothing.
  private static let unlikeMax = 0.5
  static let quantileSteps = 256

  /// - Parameters:
  ///   - windows: Settled samples of one set of columns, the newest first.
  ///   - falseAlarms: The share of windows without drift of which something may be said nevertheless, in 0 … 1, over all columns.
  ///   - only: The columns that are asked for; nil: all.
  /// - Returns: nil: they are too few.
  public init?(_ windows: [RowSample], falseAlarms: Double, of only: Set<RowColumn>? = nil) {
    let blocks = Self.blocks(windows)
    guard blocks.count >= Self.windowsMin, let shape = blocks.first?.columns else { return nil }
    self.windows = blocks.count
    rows = blocks.reduce(0) { $0 + $1.count }
    let probability = 1 - max(falseAlarms, 1e-12) / Double(max(1, shape.count))
    let deviate = normalQuantile(probability)
    columns = shape.indices.filter { only?.contains(shape[$0]) ?? true }.map { place in
      let cells = blocks.map { block in (0..<block.count).map { block.cell($0, place) } }
      let all = cells.flatMap(\.self)
      let bins = ColumnBins(all, shape[place].kind)
      // The oldest first.
      let codes = cells.reversed().map { $0.map(bins.bin(of:)) }
      let counts = bins.counts(codes.flatMap(\.self))
      return Column(
        column: shape[place], bins: bins, counts: counts, summary: ColumnSummary(shape[place], all),
        steadiest: cells.map { ColumnSummary(shape[place], $0).topShare }.max() ?? 0,
        sizes: shape[place].kind == .number ? Self.range(of: cells.compactMap(Self.size)) : nil,
        quantiles: shape[place].kind == .number ? Self.quantiles(all) : [],
        bounds: Self.sizes.map { size in
          // The seed is the column's place, so that everybody draws the same.
          Self.bound(
            codes, bins, draws: Self.draws(shape.count), rows: size, deviate: deviate,
            seed: UInt64(place) << 32 | UInt64(size))
        })
    }
  }

  /// With the columns that another one has, of other windows.
  public func joined(with other: DriftBaseline?) -> DriftBaseline {
    var whole = self
    whole.columns += (other?.columns ?? []).filter { column in !columns.contains { $0.column == column.column } }
    return whole
  }

  /// Windows of few records together with those before them, the newest first.
  static func blocks(_ windows: [RowSample]) -> [RowSample] {
    var blocks: [RowSample] = []
    var open: RowSample?
    for window in windows where window.columns == windows.first?.columns && !window.isEmpty {
      open = open.merged(with: window)
      guard let whole = open, whole.seen >= rowsWanted, whole.count > 0 else { continue }
      blocks.append(whole.settled())
      open = nil
    }
    return blocks
  }

  /// The bound of a window of so many records: straight between the sizes that were drawn, over one divided by the size.
  func bound(_ column: Column, rows: Int) -> Double {
    let (few, many) = (1 / Double(Self.sizes[0]), 1 / Double(Self.sizes[1]))
    let place = (1 / Double(max(1, rows)) - many) / (few - many)
    guard column.bounds[0].isFinite, column.bounds[1].isFinite else { return .infinity }
    return max(column.bounds[1], column.bounds[1] + (column.bounds[0] - column.bounds[1]) * place)
  }

  private static func bound(
    _ codes: [[Int]], _ bins: ColumnBins, draws: Int, rows: Int, deviate: Double, seed: UInt64
  ) -> Double {
    var generator = SplitMix64(seed: seed)
    // Each window is held against stretches of those before it, however long ago these ended.
    let first = max(2, codes.count / 4)
    var earlier = [bins.counts(codes[..<first].flatMap(\.self))]
    for block in codes[first...] { earlier.append(zip(earlier[earlier.count - 1], bins.counts(block)).map { $0 + $1 }) }
    var (sum, squares, largest) = (0.0, 0.0, 0.0)
    for _ in 0..<draws {
      let pool = Int(generator.next() % UInt64(codes.count - first))
      let block = first + pool + Int(generator.next() % UInt64(codes.count - first - pool))
      var drawn = [Int64](repeating: 0, count: bins.count)
      for _ in 0..<rows { drawn[codes[block][Int(generator.next() % UInt64(codes[block].count))]] += 1 }
      let distance = populationStabilityIndex(drawn, earlier[pool])
      sum += distance
      squares += distance * distance
      largest = max(largest, distance)
    }
    let mean = sum / Double(draws)
    let variance = max(squares / Double(draws) - mean * mean, 1e-12)
    // Windows that have little in common by themselves say nothing of one more that is unlike them, nor do windows in which a column
    // has one value throughout, as the month may have.
    guard mean > 0, largest <= Self.unlikeMax else { return .infinity }
    // A gamma distribution of that mean and variance.
    let shape = mean * mean / variance
    let root = 1 - 1 / (9 * shape) + deviate / (3 * shape.squareRoot())
    // Windows show little of the tail, few of them less, and what moves on goes farther than it has gone.
    let room = 2 * (1 + 4 / Double(codes.count))
    return max(mean * root * root * root, room * largest)
  }

  /// How large numbers are, without regard to their sign: the middle one of those that are not 0.
  static func size(_ cells: [RowCell]) -> Double? {
    let sizes = cells.map { abs(Double($0.number)) }.filter { $0 > 0 && $0.isFinite }.sorted()
    return sizes.isEmpty ? nil : sizes[sizes.count / 2]
  }

  private static func range(of sizes: [Double]) -> ClosedRange<Double>? {
    sizes.min().flatMap { least in sizes.max().map { least...$0 } }
  }

  static func quantiles(_ cells: [RowCell]) -> [Float] {
    cells.map(\.number).filter { !$0.isNaN }.sorted().quantiles(quantileSteps)
  }
}
