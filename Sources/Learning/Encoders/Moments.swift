package import Tensors

/// Count, mean and sum of squared deviations of some columns, mergeable in any grouping but always in one order.
///
/// - Source: Chan, Golub & LeVeque 1983, "Algorithms for computing the sample variance", equation 2.1.
package final class Moments {
  let columns: Int
  package let count, mean, squares: AlignedBuffer<Double>

  init(columns: Int) {
    self.columns = columns
    count = AlignedBuffer(count: columns)
    mean = AlignedBuffer(count: columns)
    squares = AlignedBuffer(count: columns)
  }

  func clear() {
    count.clear()
    mean.clear()
    squares.clear()
  }

  /// Adds one column's moments.
  @inline(__always)
  func merge(_ column: Int, count added: Double, mean addedMean: Double, squares addedSquares: Double) {
    guard added > 0 else { return }
    let before = count[column]
    let total = before + added
    let difference = addedMean - mean[column]
    mean[column] += difference * (added / total)
    squares[column] += addedSquares + difference * difference * (before * added / total)
    count[column] = total
  }

  /// Sets one column's moments.
  func begin(_ column: Int, count: Double, mean: Double, squares: Double) {
    self.count[column] = count
    self.mean[column] = mean
    self.squares[column] = squares
  }

  /// Lets what a column has seen count as at most this many values.
  func shrink(_ column: Int, to most: Double) {
    guard count[column] > most else { return }
    squares[column] *= most / count[column]
    count[column] = most
  }

  func merge(_ other: Moments) {
    for column in 0..<columns {
      merge(column, count: other.count[column], mean: other.mean[column], squares: other.squares[column])
    }
  }

  /// Population standard deviation; 0 where fewer than two different values were seen.
  package func deviation(_ column: Int) -> Double {
    count[column] > 0 && squares[column] > 0 ? (squares[column] / count[column]).squareRoot() : 0
  }

  package var isFinite: Bool {
    for column in 0..<columns where !(mean[column].isFinite && squares[column].isFinite) { return false }
    return true
  }
}
