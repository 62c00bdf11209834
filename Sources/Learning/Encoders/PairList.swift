import Tensors

/// Touched rows of a table and who touched them, sorted by row. Grows to the largest step and stays there.
final class PairList {
  private(set) var count = 0
  private var keyBuffer, pairBuffer, keyScratch, pairScratch, recordBuffer: AlignedBuffer<UInt32>

  var keys: UnsafeMutablePointer<UInt32> { keyBuffer.pointer }
  var pairs: UnsafeMutablePointer<UInt32> { pairBuffer.pointer }
  /// Of weighted pairs: the record of each.
  var records: UnsafeMutablePointer<UInt32> { recordBuffer.pointer }

  init(capacity: Int) {
    keyBuffer = AlignedBuffer(count: capacity)
    pairBuffer = AlignedBuffer(count: capacity)
    keyScratch = AlignedBuffer(count: capacity)
    pairScratch = AlignedBuffer(count: capacity)
    recordBuffer = AlignedBuffer(count: 0)
  }

  func begin(capacity: Int) {
    count = 0
    guard capacity > keyBuffer.count else { return }
    let larger = max(capacity, keyBuffer.count * 2)
    keyBuffer = AlignedBuffer(count: larger)
    pairBuffer = AlignedBuffer(count: larger)
    keyScratch = AlignedBuffer(count: larger)
    pairScratch = AlignedBuffer(count: larger)
  }

  func begin(weighted capacity: Int) {
    begin(capacity: capacity)
    if capacity > recordBuffer.count { recordBuffer = AlignedBuffer(count: keyBuffer.count) }
  }

  @inline(__always)
  func append(key: UInt32, pair: UInt32) {
    keyBuffer.pointer[count] = key
    pairBuffer.pointer[count] = pair
    count += 1
  }

  func sort(keyBits: Int) {
    TableKernels.sortPairs(
      count: count, keys: keys, values: pairs, keyScratch: keyScratch.pointer, valueScratch: pairScratch.pointer,
      keyBits: keyBits)
  }
}
