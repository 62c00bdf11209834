import Tensors

/// Collects the gradients of the rows that a batch touched: computed for those only, summed in batch order.
final class EmbeddingGradients {
  /// This rank's share of the step in hand.
  let local: SparseRows

  private let tables: EmbeddingTables
  private let list: PairList

  init(_ tables: EmbeddingTables, batchCapacity: Int) {
    self.tables = tables
    list = PairList(capacity: batchCapacity * tables.columnCount)
    let width = tables.tables.reduce(0) { $0 + $1.slots.count * tables.gradientWidth($1) }
    local = SparseRows(rowCapacity: batchCapacity * tables.columnCount, valueCapacity: batchCapacity * width)
  }

  /// - Parameters:
  ///   - inputGradient: By the network's input; embedding columns first.
  ///   - heads: Whose gradients by logit are those of the wide weights.
  func collect(_ batch: FeatureBatch, inputGradient: Rows, heads: [Head]) {
    local.clear()
    listTouched(batch)
    guard list.count > 0 else { return }
    list.sort(keyBits: tables.keyBits)
    // Room for as many rows as there are pairs, though all be of the widest table.
    if tables.weighted != nil { local.reserve(rows: list.count, values: list.count * tables.widestGradient) }
    var place = 0
    for table in tables.tables {
      let end = UInt32(table.firstRow + table.buckets)
      let width = tables.gradientWidth(table)
      if let from = plainGradient(table, inputGradient, heads) {
        local.append(width: width) { rows, sums in
          let sum = TableKernels.sumRows(
            count: list.count - place, end: end, keys: list.keys + place, places: list.pairs + place, width: width,
            from: from, rows: rows, sums: sums)
          place += sum.taken
          return sum.distinct
        }
        continue
      }
      while place < list.count && list.keys[place] < end {
        let key = list.keys[place]
        let target = local.append(row: key, width: width)
        target.update(repeating: 0, count: width)
        repeat {
          let pair = list.pairs[place]
          if table.isWeighted {
            addWeighted(pair, of: batch, table, inputGradient, to: target)
          } else {
            add(Int(pair), of: batch, table, inputGradient, heads, to: target)
          }
          place += 1
        } while place < list.count && list.keys[place] == key
      }
    }
    local.seal()
  }

  /// Where a touched row's whole gradient stands as it is: embeddings alone, or one head's wide weights alone; nil: it is
  /// put together.
  private func plainGradient(_ table: EmbeddingTables.Table, _ inputGradient: Rows, _ heads: [Head]) -> Rows? {
    guard !table.isBag, !table.isWeighted else { return nil }
    if tables.wideWidth == 0 { return inputGradient.column(table.column) }
    return table.dimension == 0 && heads.count == 1 ? heads[0].gradient : nil
  }

  /// Every (table row, batch row or weighted pair) of labelled rows.
  private func listTouched(_ batch: FeatureBatch) {
    let weighted = tables.weighted == nil ? nil : batch.weighted
    list.begin(categories: batch.count * tables.columnCount, weighted: Int(weighted?.starts[batch.count] ?? 0))
    for row in 0..<batch.count where !batch.labels[row * batch.labelCount].isNaN {
      let categories = batch.categories + row * tables.columnCount
      for table in tables.tables {
        for slot in table.slots where categories[slot] != FeatureBatch.noCategory {
          list.append(key: UInt32(table.firstRow) + categories[slot], pair: UInt32(row))
        }
      }
      guard let weighted, let table = tables.weighted else { continue }
      for pair in Int(weighted.starts[row])..<Int(weighted.starts[row + 1]) {
        list.append(key: UInt32(table.firstRow) + weighted.rows[pair], pair: UInt32(pair))
        list.setRecord(row, ofPair: pair)
      }
    }
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

  @inline(__always)
  private func addWeighted(
    _ pair: UInt32, of batch: FeatureBatch, _ table: EmbeddingTables.Table, _ inputGradient: Rows,
    to target: UnsafeMutablePointer<Float>
  ) {
    guard let weights = batch.weighted?.weights else { return }
    let weight = weights[Int(pair)]
    let from = inputGradient.from(list.record(ofPair: Int(pair))) + table.column
    for index in 0..<table.dimension { target[index] += weight * from[index] }
  }
}

/// Touched rows and who touched them, sorted by row. Grows to the largest step and stays there.
private final class PairList {
  private(set) var count = 0
  private var keyBuffer, pairBuffer, keyScratch, pairScratch, records: AlignedBuffer<UInt32>

  var keys: UnsafeMutablePointer<UInt32> { keyBuffer.pointer }
  var pairs: UnsafeMutablePointer<UInt32> { pairBuffer.pointer }

  init(capacity: Int) {
    keyBuffer = AlignedBuffer(count: capacity)
    pairBuffer = AlignedBuffer(count: capacity)
    keyScratch = AlignedBuffer(count: capacity)
    pairScratch = AlignedBuffer(count: capacity)
    records = AlignedBuffer(count: 0)
  }

  /// - Parameters: How many pairs there may be of each kind.
  func begin(categories: Int, weighted: Int) {
    count = 0
    let capacity = categories + weighted
    if weighted > records.count { records = AlignedBuffer(count: max(weighted, records.count * 2)) }
    guard capacity > keyBuffer.count else { return }
    let larger = max(capacity, keyBuffer.count * 2)
    keyBuffer = AlignedBuffer(count: larger)
    pairBuffer = AlignedBuffer(count: larger)
    keyScratch = AlignedBuffer(count: larger)
    pairScratch = AlignedBuffer(count: larger)
  }

  @inline(__always)
  func append(key: UInt32, pair: UInt32) {
    keyBuffer.pointer[count] = key
    pairBuffer.pointer[count] = pair
    count += 1
  }

  @inline(__always)
  func setRecord(_ record: Int, ofPair pair: Int) { records.pointer[pair] = UInt32(record) }
  @inline(__always)
  func record(ofPair pair: Int) -> Int { Int(records.pointer[pair]) }

  func sort(keyBits: Int) {
    TableKernels.sortPairs(
      count: count, keys: keys, values: pairs, keyScratch: keyScratch.pointer, valueScratch: pairScratch.pointer,
      keyBits: keyBits)
  }
}
