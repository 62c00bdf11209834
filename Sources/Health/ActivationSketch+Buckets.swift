extension ActivationSketch {
  /// How many buckets a sketch has.
  public static let bucketCount = 64

  /// How many slots the kernels count into before folding: nine bits, `Float.bitPattern >> 23` (sign and exponent).
  public static let exponentSlotCount = 512

  /// The bucket of a value: by sign and power of two, in the order of the values.
  ///
  /// | bucket  | holds                                                                                   |
  /// |---------|-----------------------------------------------------------------------------------------|
  /// | 0       | NaN and ±infinity                                                                       |
  /// | 1 … 31  | negative; bucket 32 − m holds −2^(m−20) < x ≤ −2^(m−21), bucket 1 all x ≤ −2^10           |
  /// | 32      | zero, and all of magnitude below 2^−20 (about 1e−6)                                     |
  /// | 33 … 63 | positive; bucket 32 + m holds 2^(m−21) ≤ x < 2^(m−20), bucket 63 all x ≥ 2^10            |
  public static func bucket(of value: Float) -> Int { bucket(ofExponentSlot: Int(value.bitPattern >> 23)) }

  /// - Parameter slot: `Float.bitPattern >> 23`, in 0 … 511.
  public static func bucket(ofExponentSlot slot: Int) -> Int {
    let isNegative = slot & 0x100 != 0
    let exponent = slot & 0xFF
    if exponent == 0xFF { return 0 }
    let magnitude = min(max(exponent - 127 + 21, 0), 31)
    return isNegative ? 32 - magnitude : 32 + magnitude
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

  /// Folds a kernel's exponent counts into the buckets.
  ///
  /// - Parameter slots: `exponentSlotCount` counts of sampled elements, indexed by `Float.bitPattern >> 23`.
  public mutating func addExponentSlots<Count: FixedWidthInteger>(_ slots: UnsafeBufferPointer<Count>) {
    precondition(slots.count == Self.exponentSlotCount, "\(slots.count) exponent slots, not \(Self.exponentSlotCount)")
    for unsafe(slot, count) in unsafe slots.enumerated() where count != 0 {
      buckets[Self.bucket(ofExponentSlot: slot)] += Int64(count)
      sampled += Int64(count)
    }
  }
}
