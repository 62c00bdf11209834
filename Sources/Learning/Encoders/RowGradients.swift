import Tensors

/// Collects the gradients of the table rows that some of a batch's rows touched: computed for those only, summed in batch order.
final class RowGradients {
  private let tables: EmbeddingTables
  private let list: PairList

  /// - Parameter pairCapacity: Room for so many touched rows of one table, to begin with.
  init(_ tables: EmbeddingTables, pairCapacity: Int) {
    self.tables = tables
    list = PairList(capacity: pairCapacity)
  }

  /// - Parameters:
  ///   - values: Of the batch's categories; nil: the table is a sparse input's.
  ///   - rows: Of the batch.
  ///   - inputGradient: By the network's input.
  ///   - heads: Whose gradients by logit are those of the wide weights.
  ///   - local: Gains the table's touched rows; tables come in their order.
  func collect(
    _ batch: FeatureBatch, _ values: ResolvedRows?, rows: Range<Int>, of table: EmbeddingTables.Table,
    inputGradient: Rows, heads: [Head], into local: SparseRows
  ) {
    if let place = table.weightedPlace {
      list(batch, rows, batch.weighted[place])
    } else if let values {
      list(batch, rows, values, of: table)
    }
    guard list.count > 0 else { return }
    list.sort(keyBits: table.keyBits)
    let width = tables.gradientWidth(table)
    if table.isWeighted {
      local.reserve(rows: local.count + list.count, values: local.valueCount + list.count * width)
    }
    sum(batch, values, table, width: width, inputGradient, heads, into: local)
  }

  /// One row after the other of what is listed, in ascending order.
  private func sum(
    _ batch: FeatureBatch, _ values: ResolvedRows?, _ table: EmbeddingTables.Table, width: Int, _ inputGradient: Rows,
    _ heads: [Head], into local: SparseRows
  ) {
    let first = UInt32(table.firstRow)
    let weighted = table.weightedPlace.map { batch.weighted[$0] }
    if let from = plainGradient(table, inputGradient, heads) {
      if let weighted {
        local.append(width: width) { rows, sums in
          TableKernels.sumWeightedRows(
            count: list.count, keys: list.keys, pairs: list.pairs, records: list.records, weights: weighted.weights,
            width: width, from: from, first: first, rows: rows, sums: sums)
        }
        return
      }
      local.append(width: width) { rows, sums in
        TableKernels.sumRows(
          count: list.count, keys: list.keys, places: list.pairs, width: width, from: from, first: first, rows: rows,
          sums: sums)
      }
    } else {
      let weights = weighted?.weights
      var place = 0
      while place < list.count {
        let key = list.keys[place]
        let target = local.append(row: first + key, width: width)
        target.update(repeating: 0, count: width)
        repeat {
          let pair = Int(list.pairs[place])
          let row = weights == nil ? pair : Int(list.records[pair])
          var scale: Float = 1
          if let weights { scale = weights[pair] } else if let values { scale = tables.bagScale(values, row, table) }
          add(row, scale, table, inputGradient, heads, to: target)
          place += 1
        } while place < list.count && list.keys[place] == key
      }
    }
  }

  /// Where a touched row's whole gradient stands as it is: embeddings alone, or one head's wide weights alone; nil: it is
  /// put together.
  private func plainGradient(_ table: EmbeddingTables.Table, _ inputGradient: Rows, _ heads: [Head]) -> Rows? {
    guard !table.isBag else { return nil }
    if tables.wideWidth == 0 || !table.isWide { return inputGradient.column(table.column) }
    return table.dimension == 0 && heads.count == 1 ? heads[0].gradient : nil
  }

  /// Every (bucket, batch row) of rows that teach.
  private func list(
    _ batch: FeatureBatch, _ records: Range<Int>, _ values: ResolvedRows, of table: EmbeddingTables.Table
  ) {
    list.begin(capacity: records.count * table.slots.count)
    for row in records where batch.teaches(row) {
      let categories = values.pointer + row * values.stride
      for slot in table.slots where categories[slot] != FeatureBatch.noCategory {
        list.append(key: categories[slot], pair: UInt32(row))
      }
    }
  }

  /// Every (row, weighted pair) of rows that teach.
  private func list(_ batch: FeatureBatch, _ records: Range<Int>, _ weighted: WeightedRows) {
    list.begin(weighted: weighted.count(of: batch.count))
    // Once: where the pairs lie is asked of an object whose storage may be exchanged.
    let rows = weighted.rows
    for row in records where batch.teaches(row) {
      for pair in weighted.places(of: row) {
        list.append(key: rows[pair], pair: UInt32(pair))
        list.records[pair] = UInt32(row)
      }
    }
  }

  @inline(__always)
  private func add(
    _ row: Int, _ scale: Float, _ table: EmbeddingTables.Table, _ inputGradient: Rows, _ heads: [Head],
    to target: UnsafeMutablePointer<Float>
  ) {
    let from = inputGradient.from(row) + table.column
    for index in 0..<table.dimension { target[index] += scale * from[index] }
    guard tables.wideWidth > 0, table.isWide else { return }
    for head in heads {
      let wide = target + table.dimension + head.wideColumn
      let gradient = head.gradient.from(row)
      for output in 0..<head.shape.outputs { wide[output] += scale * gradient[output] }
    }
  }
}
