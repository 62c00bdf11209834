import Tensors

extension FeatureBatch {
  /// Makes a row one of a record without label, values or weight, in its place: what is left of one that was taken out.
  func empty(_ row: Int) {
    for head in 0..<labelCount { labels[row * labelCount + head] = .nan }
    for column in 0..<numberCount { numbers[row * numberCount + column] = .nan }
    for column in 0..<categoryCount { categories[row * categoryCount + column] = 0 }
    for pairs in weighted { pairs.empty(row, of: count) }
    weights?[row] = 0
  }
}
