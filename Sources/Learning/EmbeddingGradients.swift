import Tensors

/// Collects the gradients of the rows that a batch touched: computed for those only, summed in batch order.
final class EmbeddingGradients {
  /// This rank's share of the step in hand.
  let local: SparseRows

  private let tables: EmbeddingTables
  private let keys, places, keyScratch, placeScratch: AlignedBuffer<UInt32>

  init(_ tables: EmbeddingTables, batchCapacity: Int) {
    self.tables = tables
    let pairs = batchCapacity * tables.tables.count
    keys = AlignedBuffer(count: pairs)
    places = AlignedBuffer(count: pairs)
    keyScratch = AlignedBuffer(count: pairs)
    placeScratch = AlignedBuffer(count: pairs)
    let width = tables.tables.reduce(0) { $0 + tables.gradientWidth($1) }
    local = SparseRows(rowCapacity: pairs, valueCapacity: batchCapacity * width)
  }

  /// - Parameters:
  ///   - inputGradient: By the network's input; embedding columns first.
  ///   - logitGradient: What a wide weight's gradient is.
  func collect(_ batch: FeatureBatch, inputGradient: Rows, logitGradient: Rows) {
    local.clear()
    let features = tables.tables.count
    guard features > 0 else { return }
    var pairs = 0
    for row in 0..<batch.count where !batch.labels[row].isNaN {
      for (feature, table) in tables.tables.enumerated() {
        keys.pointer[pairs] = UInt32(table.firstRow) + batch.categories[row * features + feature]
        places.pointer[pairs] = UInt32(row)
        pairs += 1
      }
    }
    TableKernels.sortPairs(
      count: pairs, keys: keys.pointer, values: places.pointer, keyScratch: keyScratch.pointer,
      valueScratch: placeScratch.pointer, keyBits: tables.keyBits)
    var pair = 0
    for table in tables.tables {
      let end = UInt32(table.firstRow + table.buckets)
      let width = table.dimension
      let wide = tables.wideWidth
      while pair < pairs && keys.pointer[pair] < end {
        let key = keys.pointer[pair]
        let target = local.append(row: key, width: width + wide)
        let first = Int(places.pointer[pair])
        target.update(from: inputGradient.from(first) + table.column, count: width)
        (target + width).update(from: logitGradient.from(first), count: wide)
        pair += 1
        while pair < pairs && keys.pointer[pair] == key {
          let row = Int(places.pointer[pair])
          let more = inputGradient.from(row) + table.column
          for index in 0..<width { target[index] += more[index] }
          let moreWide = logitGradient.from(row)
          for index in 0..<wide { target[width + index] += moreWide[index] }
          pair += 1
        }
      }
    }
    local.seal()
  }
}
