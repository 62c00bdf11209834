import CJSON

/// The stable hash of a category's text: XXH64 with seed 0, over its UTF-8 bytes.
///
/// The same on every machine and in every version, because it decides which row of an embedding table a value has.
///
/// - Source: Collet, "xxHash fast digest algorithm", doc/xxhash_spec.md.
public func hashCategory(_ bytes: UnsafeRawBufferPointer) -> UInt64 { cjson_hash(bytes.baseAddress, bytes.count) }

/// The stable hash of a category's text.
public func hashCategory(_ text: String) -> UInt64 {
  var text = text
  return text.withUTF8 { hashCategory(UnsafeRawBufferPointer($0)) }
}

/// The hash by which values are known that may get a row of their own: `hashCategory`, but for one of 4 billion, so that its
/// high half is never 0. That two of a million values have the same has a chance of one in 37 million.
public func ownHash(ofCategory text: String) -> UInt64 {
  var text = text
  return text.withUTF8 { cjson_whole_hash($0.baseAddress, $0.count) }
}

/// The row of a value in a table without known values: 0 is for missing ones, the others share rows 1 … buckets − 1.
///
/// Where a feature has known values, those take rows 1 … n in their order, and unknown ones share the rest.
public func bucket(ofCategory text: String, buckets: Int) -> UInt32 {
  precondition(buckets >= 2, "a table has a row for missing values and one more, not \(buckets) rows")
  return 1 + UInt32(hashCategory(text) % UInt64(buckets - 1))
}
