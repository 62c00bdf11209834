import Tensors

/// Collects the gradients of the rows that a batch touched: computed for those only, summed in batch order.
final class EmbeddingGradients {
  /// This rank's share of the step in hand.
  let local: SparseRows

  private let tables: EmbeddingTables
  private let keys, places, keyScratch, placeScratch: AlignedBuffer<UInt32>

  init(_ tables: EmbeddingTables, batchCapacity: Int) {
    self.tables = tables
    let pairs = batchCapacity * tables.columnCount
    keys = AlignedBuffer(count: pairs)
    places = AlignedBuffer(count: pairs)
    keyScratch = AlignedBuffer(count: pairs)
    placeScratch = AlignedBuffer(count: pairs)
    let width = tables.tables.reduce(0) { $0 + $1.slots.count * tables.gradientWidth($1) }
    local = SparseRows(rowCapacity: pairs, valueCapacity: batchCapacity * width)
  }

  /// - Parameters:
  ///   - inputGradient: By the network's input; embedding columns first.
  ///   - heads: Whose gradients by logit are those of the wide weights.
  func collect(_ batch: FeatureBatch, inputGradient: Rows, heads: [Head]) {
    local.clear()
    let pairs = listTouched(batch)
    guard pairs > 0 else { return }
    TableKernels.sortPairs(
      count: pairs, keys: keys.pointer, values: places.pointer, keyScratch: keyScratch.pointer,
      valueScratch: placeScratch.pointer, keyBits: tables.keyBits)
    var pair = 0
    for table in tables.tables {
      let end = UInt32(table.firstRow + table.buckets)
      let width = table.dimension + tables.wideWidth
      while pair < pairs && keys.pointer[pair] < end {
        let key = keys.pointer[pair]
        let target = local.append(row: key, width: width)
        target.update(repeating: 0, count: width)
        repeat {
          let row = Int(places.pointer[pair])
          add(row, of: batch, table, inputGradient, heads, to: target)
          pair += 1
        } while pair < pairs && keys.pointer[pair] == key
      }
    }
    local.seal()
  }

  /// Every (table row, batch row) of labelled rows; how many.
  private func listTouched(_ batch: FeatureBatch) -> Int {
    var pairs = 0
    for row in 0..<batch.count where !batch.labels[row * batch.labelCount].isNaN {
      let categories = batch.categories + row * tables.columnCount
      for table in tables.tables {
        for slot in table.slots where categories[slot] != FeatureBatch.noCategory {
          keys.pointer[pairs] = UInt32(table.firstRow) + categories[slot]
          places.pointer[pairs] = UInt32(row)
          pairs += 1
        }
      }
    }
    return pairs
  }

  @inline(__always)
  private func add(
    _ row: Int, of batch: FeatureBatch, _ table: EmbeddingTables.Table, _ inputGradient: Rows, _ heads: [Head],
    to target: UnsafeMutablePointer<Float>
  ) {
    let scale = tables.bagScale(batch, row, table)
    let from = inputGradient.from(row) + table.column
    for index in 0..<table.dimension { target[index] += scale * from[index] }
    guard tables.wideWidth > 0 else { return }
    for head in heads {
      let wide = target + table.dimension + head.wideColumn
      let gradient = head.gradient.from(row)
      for output in 0..<head.shape.outputs { wide[output] += scale * gradient[output] }
    }
  }
}
