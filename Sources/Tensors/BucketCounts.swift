import CKernels

/// Counts of values by sign and power of two, which `Kernels.countBuckets` adds to. One thread at a time.
///
/// The kernels count a block of thousands at a time: what a step adds waits for others, as a byte a value.
package final class BucketCounts {
  package static let buckets = 64

  let raw = AlignedBuffer<ck_bucket_counts>(count: 1)
  private let counts = AlignedBuffer<Int64>(count: BucketCounts.buckets)
  private let codes = AlignedBuffer<UInt8>(count: Int(ck_code_room))

  package init() { raw[0] = ck_bucket_counts(counts: counts.pointer, codes: codes.pointer, waiting: 0) }

  /// By bucket, of all values.
  package var all: UnsafeBufferPointer<Int64> {
    for place in 0..<Int(raw[0].waiting) { counts.pointer[Int(codes.pointer[place])] += 1 }
    raw.pointer.pointee.waiting = 0
    return UnsafeBufferPointer(counts.buffer)
  }

  /// Counts what `other` has counted too.
  package func add(_ other: BucketCounts) {
    let theirs = other.all
    for bucket in 0..<Self.buckets { counts.pointer[bucket] += theirs[bucket] }
  }

  package func clear() {
    counts.clear()
    raw.pointer.pointee.waiting = 0
  }
}
