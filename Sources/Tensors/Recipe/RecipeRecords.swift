import CKernels

/// Records as inputs, one place each. One thread at a time.
package final class RecipeRecords {
  package let capacity: Int
  /// Inputs a place has room for.
  package let stride: Int
  private let rows: AlignedBuffer<UInt32>
  private let weights: AlignedBuffer<Float>
  private let keys, primary: AlignedBuffer<UInt64>
  private let features: AlignedBuffer<Double>
  private let crosses: AlignedBuffer<UInt32>
  let raw: AlignedBuffer<ck_recipe_record>

  package init(_ form: RecipeForm, capacity: Int) {
    self.capacity = capacity
    stride = paddedToLanes(form.inputsMax)
    rows = AlignedBuffer(count: capacity * stride)
    weights = AlignedBuffer(count: capacity * stride)
    keys = AlignedBuffer(count: capacity * stride)
    primary = AlignedBuffer(count: capacity * form.keyedFields)
    features = AlignedBuffer(count: capacity * form.features)
    crosses = AlignedBuffer(count: capacity * form.crossesMax)
    raw = AlignedBuffer(count: capacity)
    for place in 0..<capacity {
      raw[place] = ck_recipe_record(
        rows: rows.pointer + place * stride, weights: weights.pointer + place * stride,
        keys: keys.pointer + place * stride, features: features.pointer + place * form.features,
        primary: primary.pointer + place * form.keyedFields, crosses: crosses.pointer + place * form.crossesMax,
        count: 0, plain: 0, cross_count: 0, is_empty: 0, padding: 0)
    }
  }

  /// Inputs of a record, and those that come before memory's.
  @inline(__always)
  package func count(_ place: Int) -> Int { Int(raw.pointer[place].count) }
  @inline(__always)
  package func plain(_ place: Int) -> Int { Int(raw.pointer[place].plain) }
  @inline(__always)
  package func isEmpty(_ place: Int) -> Bool { raw.pointer[place].is_empty != 0 }
  @inline(__always)
  package func rows(_ place: Int) -> UnsafePointer<UInt32> { UnsafePointer(rows.pointer + place * stride) }
  @inline(__always)
  package func weights(_ place: Int) -> UnsafePointer<Float> { UnsafePointer(weights.pointer + place * stride) }
}
