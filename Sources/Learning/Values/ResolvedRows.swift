import Tensors

/// Which row of its table each category of a batch has. Shape [rows × stride]; a column of a bag that is not used holds
/// `FeatureBatch.noCategory`.
struct ResolvedRows {
  let pointer: UnsafePointer<UInt32>
  let stride: Int

  @inline(__always)
  subscript(row: Int, slot: Int) -> UInt32 { pointer[row * stride + slot] }
}

/// The rows of a table that values share by their hash.
struct HashedRows {
  let first, count: Int

  init(first: Int, count: Int) { (self.first, self.count) = (first, count) }

  init(_ category: CategoryInput) {
    self.init(first: 1 + category.listed, count: category.buckets - 1 - category.listed)
  }

  @inline(__always)
  func row(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: first + Int(hash % UInt64(count))) }
}

extension EmbeddingTables {
  /// The rows of a batch's categories: its own columns, unless some of them give hashes.
  ///
  /// - Parameter room: Of the shape of what is resolved.
  /// - Returns: And how many values that might have a row of their own have none.
  func resolve(_ batch: FeatureBatch, into room: AlignedBuffer<UInt32>) -> (ResolvedRows, strangers: Int) {
    if dictionaries.isEmpty {
      return (ResolvedRows(pointer: UnsafePointer(batch.categories), stride: columnCount), 0)
    }
    var strangers = 0
    for table in tables where !table.isWeighted {
      let from = batch.categories + table.batchColumn
      let to = room.pointer + table.slots.lowerBound
      if let place = table.dictionary {
        strangers += resolve(
          dictionaries[place], from, slots: table.slots.count, rows: batch.count, to: to)
      } else {
        for row in 0..<batch.count {
          for slot in 0..<table.slots.count { to[row * valueCount + slot] = from[row * columnCount + slot] }
        }
      }
    }
    return (ResolvedRows(pointer: UnsafePointer(room.pointer), stride: valueCount), strangers)
  }

  private func resolve(
    _ dictionary: ValueDictionary, _ from: UnsafePointer<UInt32>, slots: Int, rows: Int,
    to: UnsafeMutablePointer<UInt32>
  ) -> Int {
    let isFull = dictionary.isFull
    var strangers = 0
    for row in 0..<rows {
      let given = from + row * columnCount
      for slot in 0..<slots {
        let (low, high) = (given[slot], given[slots + slot])
        var found = low
        if high != 0 {
          found = dictionary.row(UInt64(high) << 32 | UInt64(low))
          if found < dictionary.first { strangers += 1 }
        }
        to[row * valueCount + slot] = found
      }
    }
    return isFull ? 0 : strangers
  }

  /// Every buffer that says which values were met, in the order of the saved state, and the most that an element can be.
  func forEachValueBuffer(_ body: (AlignedBuffer<UInt64>, _ most: UInt64) throws -> Void) rethrows {
    for occupancy in occupancies { try body(occupancy.words, .max) }
    for dictionary in dictionaries {
      try body(dictionary.keys, .max)
      try body(dictionary.candidates, .max)
      // Who was met often enough is no candidate any more.
      try body(dictionary.sightings, ValueDictionary.sightingsNeeded - 1)
      try body(dictionary.counters, 1 << 62)
    }
  }

  func forgetValues() { forEachValueBuffer { buffer, _ in buffer.clear() } }

  /// After the buffers were set from outside.
  func indexValues() {
    for dictionary in dictionaries { dictionary.index() }
  }
}
