extension ActivationSketch {
  /// How many buckets a sketch has.
  public static let bucketCount = 64

  /// The bucket of a value: by sign and power of two, in the order of the values.
  ///
  /// | bucket  | holds                                                                                   |
  /// |---------|-----------------------------------------------------------------------------------------|
  /// | 0       | NaN and ±infinity                                                                       |
  /// | 1 … 31  | negative; bucket 32 − m holds −2^(m−20) < x ≤ −2^(m−21), bucket 1 all x ≤ −2^10           |
  /// | 32      | zero, and all of magnitude below 2^−20 (about 1e−6)                                     |
  /// | 33 … 63 | positive; bucket 32 + m holds 2^(m−21) ≤ x < 2^(m−20), bucket 63 all x ≥ 2^10            |
  public static func bucket(of value: Float) -> Int {
    let exponent = Int(value.bitPattern >> 23) & 0xFF
    if exponent == 0xFF { return 0 }
    let magnitude = min(max(exponent - 127 + 21, 0), 31)
    return value.sign == .minus ? 32 - magnitude : 32 + magnitude
  }

  /// The smallest value that `bucket` holds, for charts; bucket 1 is open below, bucket 0 holds no number.
  public static func lowerEdge(ofBucket bucket: Int) -> Float {
    switch bucket {
    case 0: .nan
    case 1: -.infinity
    case 2...31: -Float(sign: .plus, exponent: 32 - bucket - 20, significand: 1)
    case 32: -Float(sign: .plus, exponent: -20, significand: 1)
    default: Float(sign: .plus, exponent: bucket - 32 - 21, significand: 1)
    }
  }

  /// Adds what a kernel counted of sampled elements.
  ///
  /// - Parameter counts: By bucket, `bucketCount` of them.
  public mutating func addBuckets(_ counts: UnsafeBufferPointer<Int64>) {
    precondition(counts.count == Self.bucketCount, "\(counts.count) buckets, not \(Self.bucketCount)")
    for bucket in 0..<Self.bucketCount {
      let count = unsafe counts[bucket]
      buckets[bucket] += count
      sampled += count
    }
  }
}
