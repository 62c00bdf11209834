public import Health
import Tensors

extension Learner {
  /// Notes which values of the batch just predicted have no row of their own.
  func lookForStrangers(_ batch: FeatureBatch) {
    sightings.clear()
    let tables = network.tables
    for table in tables.tables {
      guard let place = table.dictionary, !tables.dictionaries[place].isFull else { continue }
      let (first, slots) = (tables.dictionaries[place].first, table.slots.count)
      for row in 0..<batch.count where batch.weights.map({ $0[row] > 0 }) ?? true {
        let given = batch.categories + row * tables.columnCount + table.batchColumn
        for slot in 0..<slots where given[slots + slot] != 0 {
          if network.values[row, table.slots.lowerBound + slot] >= first { continue }
          sightings.offer(
            Sightings.Entry(key: batch.keys[row], hash: UInt64(given[slots + slot]) << 32 | UInt64(given[slot])),
            of: place)
        }
      }
    }
  }

  /// Gives rows to the values that have been met often enough. What a value has learned in the row that it shared, it goes
  /// on with.
  func admitValues() {
    let tables = network.tables
    for (index, table) in tables.tables.enumerated() {
      guard let place = table.dictionary else { continue }
      let dictionary = tables.dictionaries[place]
      for entry in merge.sightings.of(place) {
        guard let row = dictionary.see(entry.hash) else { continue }
        let shared = dictionary.hashed.row(entry.hash)
        copyRow(table, from: Int(shared), to: Int(row))
        tables.occupancies[index].clear(shared)
      }
    }
  }

  private func copyRow(_ table: EmbeddingTables.Table, from: Int, to: Int) {
    func copy(_ values: UnsafeMutablePointer<Float>, _ width: Int) {
      (values + to * width).update(from: values + from * width, count: width)
    }
    let (tables, wideWidth) = (network.tables, network.tables.wideWidth)
    copy(tables.weights.pointer + table.offset, table.dimension)
    if wideWidth > 0 { copy(tables.wideRows(table), wideWidth) }
    for (optimizer, start, width) in [
      (optimizers.embeddingRows, table.offset, table.dimension),
      (optimizers.wideRows, table.firstRow * wideWidth, wideWidth),
    ] {
      for buffer in optimizer.buffers where buffer.count > 0 {
        // Adagrad remembers one number a row.
        if optimizer.formula == .adagrad {
          copy(buffer.pointer + table.firstRow, 1)
        } else {
          copy(buffer.pointer + start, width)
        }
      }
    }
  }
}

extension ModelParameters {
  /// What of each category's values is known, in the order of the spec.
  public var valueRows: [ValueRows] {
    zip(spec.categories, zip(tables.tables, tables.occupancies)).map { category, known in
      let (table, occupancy) = known
      let dictionary = table.dictionary.map { tables.dictionaries[$0] }
      let estimate = occupancy.estimate
      let own = dictionary?.count ?? 0
      let all = estimate.values + Double(own + category.listed)
      return ValueRows(
        feature: category.name, own: own, ownRows: category.ownRows, hashed: Int(estimate.values.rounded()),
        hashedRows: occupancy.hashed.count, sharing: all > 0 ? estimate.sharing * estimate.values / all : 0,
        displaced: dictionary?.displaced ?? 0)
    }
  }
}
