import Ingest

/// Which part of the requests is the canary's: a request's key becomes a number of [0, 1), and below the share it is his.
///
/// The number depends on the pipeline and the key alone. So at the same share a key always meets the same version, on every
/// server; and when the share grows keys only go over to the canary.
package struct TrafficSplit: Sendable {
  private let salt: UInt64

  package init(pipeline: String) { salt = hashCategory(pipeline) }

  /// Of the key, in [0, 1).
  package func place(of key: UnsafeRawBufferPointer) -> Double { Self.place(ofHash: hash(of: key)) }

  /// What tells the key from others.
  func hash(of key: UnsafeRawBufferPointer) -> UInt64 {
    // The hash alone would give keys the same places in all pipelines: whoever is the canary's in one would be it in all.
    Self.mix(hashCategory(key) ^ salt)
  }

  static func place(ofHash hash: UInt64) -> Double { unit(hash) }

  /// Of the request of that number without a key: evenly spread, so that any run of requests has the share it should.
  ///
  /// - Source: Weyl 1916; the golden ratio's multiples lie as evenly as any.
  package func place(ofRequest number: UInt64) -> Double { Self.unit(number &* 0x9E37_79B9_7F4A_7C15 &+ salt) }

  private static func unit(_ bits: UInt64) -> Double { Double(bits >> 11) * 0x1p-53 }

  /// - Source: Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators": the finaliser of SplitMix64.
  private static func mix(_ bits: UInt64) -> UInt64 {
    var bits = bits
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }
}
