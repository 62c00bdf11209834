import CKernels

/// Kernels that need no CPU level: element-wise in double, or whole numbers only.
package enum TableKernels {
  /// Copies table row `indices[r · stride]` into row r of `x`.
  package static func gather(
    rows: Int, width: Int, table: UnsafePointer<Float>, indices: UnsafePointer<UInt32>, stride: Int, x: Rows
  ) {
    x.check(rows, width)
    ck_gather(Int64(rows), Int64(width), table, indices, Int64(stride), x.pointer, Int64(x.stride))
  }

  /// Combines the table rows that `slots` indices name, those that are `FeatureBatch.noCategory` left out, into row r of `x`.
  package static func gatherBag(
    rows: Int, width: Int, table: UnsafePointer<Float>, indices: UnsafePointer<UInt32>, slots: Int, stride: Int,
    combiner: BagCombiner, x: Rows
  ) {
    x.check(rows, width)
    ck_gather_bag(
      Int64(rows), Int64(width), table, indices, Int64(slots), Int64(stride), combiner.rawValue, x.pointer,
      Int64(x.stride))
  }

  /// Sums each record's weighted table rows into row r of `x`.
  package static func gatherWeighted(
    rows: Int, width: Int, table: UnsafePointer<Float>, pairs: WeightedRows, x: Rows
  ) {
    x.check(rows, width)
    ck_gather_weighted(
      Int64(rows), Int64(width), table, pairs.starts, pairs.rows, pairs.weights, x.pointer, Int64(x.stride))
  }

  /// Of sorted pairs: writes `first` plus each different key and the sum of its rows of `from`; how many they are.
  package static func sumRows(
    count: Int, keys: UnsafePointer<UInt32>, places: UnsafePointer<UInt32>, width: Int, from: Rows, first: UInt32,
    rows: UnsafeMutablePointer<UInt32>, sums: UnsafeMutablePointer<Float>
  ) -> Int {
    Int(ck_sum_rows(Int64(count), keys, places, Int64(width), from.pointer, Int64(from.stride), first, rows, sums))
  }

  /// The same of weighted rows: pair p has row `records[p]` of `from` and the weight `weights[p]`.
  package static func sumWeightedRows(
    count: Int, keys: UnsafePointer<UInt32>, pairs: UnsafePointer<UInt32>, records: UnsafePointer<UInt32>,
    weights: UnsafePointer<Float>, width: Int, from: Rows, first: UInt32, rows: UnsafeMutablePointer<UInt32>,
    sums: UnsafeMutablePointer<Float>
  ) -> Int {
    Int(
      ck_sum_weighted_rows(
        Int64(count), keys, pairs, records, weights, Int64(width), from.pointer, Int64(from.stride), first, rows, sums))
  }

  /// Sorts pairs by key, equal keys in their order before.
  package static func sortPairs(
    count: Int, keys: UnsafeMutablePointer<UInt32>, values: UnsafeMutablePointer<UInt32>,
    keyScratch: UnsafeMutablePointer<UInt32>, valueScratch: UnsafeMutablePointer<UInt32>, keyBits: Int
  ) { ck_sort_pairs(Int64(count), keys, values, keyScratch, valueScratch, Int32(keyBits)) }
}

/// How the rows of a bag become one: their sum, their mean, or their sum over √n.
package enum BagCombiner: Int32, Sendable {
  case sum = 0
  case mean = 1
  case squareRoot = 2

  /// What each of `count` rows weighs.
  package func scale(_ count: Int) -> Float { ck_bag_scale(rawValue, Int64(count)) }
}
