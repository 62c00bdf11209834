/// The bins that a column's values fall into, cut from what a baseline holds: tenths of its numbers, with what lies below and above
/// all of them apart, or its most frequent categories. The first bin is of records without a value.
struct ColumnBins: Sendable {
  private enum Cuts {
    /// The upper bounds of the bins, ascending; the first is the smallest number itself.
    case numbers([Float])
    /// The bin of each category that has one of its own; the last is of all others.
    case categories([UInt32: Int])
  }

  private let cuts: Cuts
  let count: Int

  private static let tenths = 10
  private static let categoriesMax = 30

  init(_ cells: [RowCell], _ kind: RowColumn.Kind) {
    let present = cells.filter { !$0.isAbsent(in: kind) }
    switch kind {
    case .number:
      let numbers = present.map(\.number).sorted()
      var bounds: [Float] = []
      for bound in numbers.quantiles(Self.tenths) where bounds.last != bound { bounds.append(bound) }
      // Below the smallest, then up to each bound, then above the largest.
      (cuts, count) = (.numbers(bounds), bounds.count + 3)
    case .category:
      var counts: [UInt32: Int] = [:]
      for cell in present { counts[cell.bits, default: 0] += 1 }
      let most = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(Self.categoriesMax)
      var bins: [UInt32: Int] = [:]
      for (place, entry) in most.enumerated() { bins[entry.key] = place + 1 }
      (cuts, count) = (.categories(bins), most.count + 2)
    }
  }

  func bin(of cell: RowCell) -> Int {
    switch cuts {
    case .numbers(let bounds):
      let number = cell.number
      if number.isNaN { return 0 }
      guard let first = bounds.first, number >= first else { return 1 }
      var (low, high) = (0, bounds.count)
      while low < high {
        let middle = (low + high) / 2
        if bounds[middle] < number { low = middle + 1 } else { high = middle }
      }
      return low + 2
    case .categories(let bins):
      return cell.bits == 0 ? 0 : bins[cell.bits] ?? count - 1
    }
  }

  func counts(_ codes: [Int]) -> [Int64] {
    var counts = [Int64](repeating: 0, count: count)
    for code in codes { counts[code] += 1 }
    return counts
  }
}
