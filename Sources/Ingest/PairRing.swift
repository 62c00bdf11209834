import Synchronization
import Tensors

/// The pairs of sparse inputs of the records that wait in a `PartitionBuffer`, record after record. A bounded ring with the
/// buffer's one producer and one consumer.
///
/// As large as the largest records of a step and some more: what records take is their own size, and a full ring always has
/// a whole step.
final class PairRing: @unchecked Sendable {  // One producer, one consumer; an atomic joins them.
  /// Sparse inputs of a record.
  let inputCount: Int
  private let recordMax: Int
  private let capacity: Int
  /// The largest record may run on behind the end.
  private let rows: UnsafeMutablePointer<UInt32>
  private let weights: UnsafeMutablePointer<Float>
  /// By the record's place in the buffer: pairs before its own since the beginning, and how many each input has.
  private let firsts: UnsafeMutablePointer<Int>
  private let counts: UnsafeMutablePointer<Int32>
  /// Producer's: pairs put in since the beginning.
  private var head = 0
  private let tail = Atomic<Int>(0)

  /// Records that it has room for at least, beside those of a step.
  private static let spare = 64

  /// - Parameters:
  ///   - records: Places of the buffer.
  ///   - stepRecords: What a step takes.
  ///   - shape: The most pairs of each sparse input.
  init(records: Int, stepRecords: Int, shape: [Int]) {
    inputCount = shape.count
    recordMax = shape.reduce(0, +)
    capacity = (min(records, stepRecords) + Self.spare) * recordMax
    rows = .allocate(capacity: capacity + recordMax)
    weights = .allocate(capacity: capacity + recordMax)
    firsts = .allocate(capacity: records)
    counts = .allocate(capacity: records * inputCount)
  }

  deinit {
    rows.deallocate()
    weights.deallocate()
    firsts.deallocate()
    counts.deallocate()
  }

  /// Records of any size that there is room for; the consumer only makes it more.
  var freeRecords: Int { recordMax == 0 ? .max : (capacity - (head - tail.load(ordering: .acquiring))) / recordMax }

  // MARK: Producer

  /// Takes the pairs of the record that is to stand at `place`, input by input; again until it is kept.
  func put(_ place: Int, _ pairs: (_ input: Int) -> (UnsafePointer<UInt32>, UnsafePointer<Float>, count: Int)) {
    firsts[place] = head
    var to = recordMax == 0 ? 0 : head % capacity
    for input in 0..<inputCount {
      let (rows, weights, count) = pairs(input)
      (self.rows + to).update(from: rows, count: count)
      (self.weights + to).update(from: weights, count: count)
      counts[place * inputCount + input] = Int32(count)
      to += count
    }
  }

  /// The record at `place` stays.
  func keep(_ place: Int) {
    for input in 0..<inputCount { head += Int(counts[place * inputCount + input]) }
  }

  // MARK: Consumer

  /// Copies the pairs of the record at `place` to the next row of a batch.
  ///
  /// - Returns: What to free once the record is taken.
  func copy(_ place: Int, to row: Int, of batch: FeatureBatch) -> Int {
    var from = recordMax == 0 ? 0 : firsts[place] % capacity
    var end = firsts[place]
    for input in 0..<inputCount {
      let count = Int(counts[place * inputCount + input])
      batch.weighted[input].set(row, rows: rows + from, weights: weights + from, count: count)
      from += count
      end += count
    }
    return end
  }

  /// The pairs before `end` may be overwritten.
  func free(upTo end: Int) { tail.store(end, ordering: .releasing) }
}
