import Synchronization
public import Tensors
public import Vocabulary

/// What one `PartitionBuffer.take` took.
public struct PartitionTake: Sendable, Hashable {
  /// Rows appended to the batch.
  public var valid = 0
  /// Those of them that have the primary label.
  public var labelled = 0
  /// By `RejectReason.index`: the records between and right after the rows.
  public var rejected = PartitionTake.noRejections
  /// The next record before the take, and after it.
  public var firstOffset: Int64
  public var nextOffset: Int64
  /// Offsets in between that held no record.
  public var skipped: Int64 = 0
  /// Offsets in between that the broker removed before they were read.
  public var lost: Int64 = 0

  /// Shared, so that a take without a rejection allocates nothing.
  private static let noRejections = [Int64](repeating: 0, count: RejectReason.allCases.count)

  public var rejectedCount: Int64 { rejected.reduce(0, +) }

  /// Whether the take moved the partition on at all.
  public var isEmpty: Bool { nextOffset == firstOffset }
}

/// The decoded records of one partition on their way from the consumer's thread to the step's, in offset order.
///
/// A bounded ring with one producer and one consumer, without locks: each end owns its counters, and publishing one
/// publishes what was written before. A rejected record takes a place too, so the ring bounds both. When it is full the
/// producer stops polling the partition: that is all there is to back-pressure.
///
/// `onData` is called on the producer's thread when the consumer may have something new to do: the first record after
/// nothing, the `wakeAt`-th valid one, a full ring, the end of the partition. The consumer looks, waits for it, looks again.
public final class PartitionBuffer: @unchecked Sendable {  // One producer, one consumer; atomics join them.
  public let partition: Int32
  public let capacity: Int
  private let numberCount: Int
  private let categoryCount: Int
  private let labelCount: Int
  /// Declared fields whose notices are kept; 0: nobody counts them.
  public let fieldCount: Int
  private let onData: @Sendable () -> Void
  private let wakeAt = Atomic<Int>(1)

  // The ring: written by the producer before `head` passes a place, read by the consumer until `tail` does.
  private let pairs: PairRing?
  private let numbers: UnsafeMutablePointer<Float>
  private let categories: UnsafeMutablePointer<UInt32>
  private let labels: UnsafeMutablePointer<Float>
  private let weights: UnsafeMutablePointer<Float>?
  private let eventTimes: UnsafeMutablePointer<Double>
  private let offsets: UnsafeMutablePointer<Int64>
  /// 0: an example; `lostKind`: the end of what the broker removed; else one more than the reason's index.
  private let kinds: UnsafeMutablePointer<UInt8>
  private static let lostKind = UInt8.max
  /// Of a rejection the place of the field that caused it, −1: none; of an example 1 where it has marks.
  private let notes: UnsafeMutablePointer<Int32>
  /// Of an example with a label, the bucket of its delay; `noDelay`: not known.
  private let delays: UnsafeMutablePointer<UInt8>
  private static let noDelay = UInt8.max
  /// [capacity × fieldCount]; means something where an example has marks.
  private let marks: UnsafeMutablePointer<UInt8>

  /// Records put in and taken out since the beginning; the place in the ring is the remainder.
  private let head = Atomic<Int>(0)
  private let tail = Atomic<Int>(0)
  /// Examples among them.
  private let validIn = Atomic<Int>(0)
  private let validOut = Atomic<Int>(0)
  /// The offset up to which the partition was exhausted; −1: more has come, or nobody knows.
  private let end = Atomic<Int64>(-1)
  /// Everything below has been handed over, or is not there.
  private let passed = Atomic<Int64>(-1)

  /// Producer's: the lowest offset that is new.
  private var expectedOffset: Int64
  /// Consumer's.
  private var takenUpTo: Int64
  private var rowOffsets: [Int64]

  /// - Parameters:
  ///   - capacity: Records, examples and rejections together; at least what a step takes.
  ///   - weighsRecords: Whether records have weights.
  ///   - weighted: The most pairs of each sparse input.
  ///   - stepRecords: What a step takes at most, for which there is always room.
  ///   - nextOffset: The first record that is wanted; lower ones are dropped as repetitions.
  public init(
    partition: Int32, capacity: Int, numberCount: Int, categoryCount: Int, labelCount: Int = 1, fieldCount: Int = 0,
    weighsRecords: Bool = false, weighted: [Int] = [], stepRecords: Int = 1, nextOffset: Int64,
    onData: @escaping @Sendable () -> Void = {}
  ) {
    precondition(
      capacity > 0 && numberCount >= 0 && categoryCount >= 0 && labelCount > 0, "capacity \(capacity)")
    self.partition = partition
    self.capacity = capacity
    self.numberCount = numberCount
    self.categoryCount = categoryCount
    self.labelCount = labelCount
    self.fieldCount = fieldCount
    self.onData = onData
    pairs = weighted.isEmpty ? nil : PairRing(records: capacity, stepRecords: stepRecords, shape: weighted)
    numbers = .allocate(capacity: max(1, capacity * numberCount))
    categories = .allocate(capacity: max(1, capacity * categoryCount))
    labels = .allocate(capacity: capacity * labelCount)
    weights = weighsRecords ? .allocate(capacity: capacity) : nil
    eventTimes = .allocate(capacity: capacity)
    offsets = .allocate(capacity: capacity)
    kinds = .allocate(capacity: capacity)
    notes = .allocate(capacity: capacity)
    delays = .allocate(capacity: capacity)
    marks = .allocate(capacity: max(1, capacity * fieldCount))
    expectedOffset = nextOffset
    takenUpTo = nextOffset
    rowOffsets = []
    rowOffsets.reserveCapacity(capacity)
  }

  deinit {
    numbers.deallocate()
    categories.deallocate()
    labels.deallocate()
    weights?.deallocate()
    eventTimes.deallocate()
    offsets.deallocate()
    kinds.deallocate()
    notes.deallocate()
    delays.deallocate()
    marks.deallocate()
  }

  // MARK: Producer

  /// Records that can be put in now; the consumer only makes it more.
  public var freeSlots: Int {
    let free = capacity - (head.load(ordering: .relaxed) - tail.load(ordering: .acquiring))
    return pairs.map { min(free, $0.freeRecords) } ?? free
  }

  /// The slot of the next record; nil when the ring is full. Asking again without a commit gives the same one.
  public func beginSlot() -> ExampleSlot? {
    guard freeSlots > 0 else { return nil }
    let place = head.load(ordering: .relaxed) % capacity
    return ExampleSlot(
      numbers: numbers + place * numberCount, categories: categories + place * categoryCount,
      labels: labels + place * labelCount, eventTime: eventTimes + place, weight: weights.map { $0 + place },
      pairs: pairs.map { .place(place, in: .passUnretained($0)) } ?? .nowhere)
  }

  /// Hands over the example that stands in the slot. False: the offset has been handed over before, so it is dropped.
  ///
  /// - Parameter labelTime: When its label became known, in seconds since 1970; NaN: nothing says when.
  @discardableResult
  public func commitExample(offset: Int64, marks: FieldMarks = .none, labelTime: Double = .nan) -> Bool {
    // Without a slot the place is one that is not taken yet, and the offset one that was handed over before.
    guard freeSlots > 0 else { return commit(offset: offset, kind: 0, note: 0) }
    let place = head.load(ordering: .relaxed) % capacity
    let delay =
      labels[place * labelCount].isNaN ? nil : LabelDelay.bucket(from: eventTimes[place], to: labelTime)
    delays[place] = delay.map(UInt8.init) ?? Self.noDelay
    guard !marks.isEmpty, fieldCount > 0, let marked = marks.marks else {
      return commit(offset: offset, kind: 0, note: 0)
    }
    (self.marks + place * fieldCount).update(from: marked, count: fieldCount)
    return commit(offset: offset, kind: 0, note: 1)
  }

  /// Hands over that the record was rejected. False: the offset has been handed over before.
  ///
  /// - Parameter field: The place of the declared field that caused it; nil: the record as a whole.
  @discardableResult
  public func commitRejected(offset: Int64, reason: RejectReason, field: Int? = nil) -> Bool {
    commit(offset: offset, kind: UInt8(1 + reason.index), note: Int32(field ?? -1))
  }

  /// Hands over that everything up to `next` which has not been handed over is gone: the broker removed it. Takes a place.
  @discardableResult
  public func commitLost(upTo next: Int64) -> Bool { commit(offset: next - 1, kind: Self.lostKind, note: -1) }

  /// Says that the partition holds nothing more below `offset`, the position of the end that the broker reported.
  public func markEnd(upTo offset: Int64) {
    expectedOffset = max(expectedOffset, offset)
    end.store(expectedOffset, ordering: .sequentiallyConsistent)
    onData()
  }

  /// Says that everything below `offset` has been handed over, or is not there: what `isReady(through:)` waits for.
  public func markPassed(upTo offset: Int64) {
    guard offset > passed.load(ordering: .relaxed) else { return }
    passed.store(offset, ordering: .sequentiallyConsistent)
    onData()
  }

  private func commit(offset: Int64, kind: UInt8, note: Int32) -> Bool {
    guard offset >= expectedOffset else { return false }
    let position = head.load(ordering: .relaxed)
    precondition(freeSlots > 0, "a commit to partition \(partition) without a slot")
    let place = position % capacity
    if kind == 0 { pairs?.keep(place) }
    offsets[place] = offset
    kinds[place] = kind
    notes[place] = note
    expectedOffset = offset + 1
    if end.load(ordering: .relaxed) >= 0 { end.store(-1, ordering: .sequentiallyConsistent) }
    // Sequentially consistent against the consumer's stores and loads in `take`: either it sees this record when it
    // looks once more before it waits, or the count here sees what it took and the call below wakes it.
    head.store(position + 1, ordering: .sequentiallyConsistent)
    let waiting = position + 1 - tail.load(ordering: .sequentiallyConsistent)
    var isNews = waiting == 1 || waiting == capacity
    if kind == 0 {
      let valid = validIn.load(ordering: .relaxed) + 1
      validIn.store(valid, ordering: .sequentiallyConsistent)
      let available = valid - validOut.load(ordering: .sequentiallyConsistent)
      isNews = isNews || available == 1 || available == wakeAt.load(ordering: .relaxed)
    }
    if isNews { onData() }
    return true
  }

  // MARK: Consumer

  /// Examples that can be taken now; the producer only makes it more.
  public var validAvailable: Int {
    validIn.load(ordering: .sequentiallyConsistent) - validOut.load(ordering: .relaxed)
  }

  /// Whether a take would move the partition on.
  public var hasRecords: Bool { head.load(ordering: .sequentiallyConsistent) > tail.load(ordering: .relaxed) }

  /// Whether the partition has been read to its end and everything was taken.
  public var isAtEnd: Bool {
    let end = end.load(ordering: .sequentiallyConsistent)
    return end >= 0 && !hasRecords && takenUpTo >= end
  }

  /// Whether waiting longer can bring no more: `count` examples are there, or the ring is full, or the end is reached.
  public func isReady(for count: Int) -> Bool {
    if validAvailable >= count { return true }
    if end.load(ordering: .sequentiallyConsistent) >= 0 { return true }
    return head.load(ordering: .sequentiallyConsistent) - tail.load(ordering: .relaxed) >= capacity
  }

  /// Whether a take through `offset` would have all that there is below it, or as much as the ring can ever hold.
  public func isReady(through offset: Int64) -> Bool {
    passed.load(ordering: .sequentiallyConsistent) >= offset || freeSlots == 0
  }

  /// How many valid examples are worth waking for.
  public func setWakeAt(_ count: Int) { wakeAt.store(count, ordering: .relaxed) }

  /// The next record to take.
  public var nextOffset: Int64 { takenUpTo }

  /// Appends up to `limit` rows to `batch`, in offset order, with the rejections before, between and right after them.
  ///
  /// Stops when the ring is empty. The batch must have room, and the shape of the ring.
  ///
  /// - Parameters:
  ///   - bound: Nothing from this offset on is taken, and below it nothing is left once the producer has passed it.
  ///   - endsWithRow: With `limit` rows the last of them is the end, whatever behind it has been read by now.
  ///   - tally: Takes what happened to which field of the records that are taken.
  public func take(
    upTo limit: Int, through bound: Int64 = .max, endsWithRow: Bool = false, into batch: FeatureBatch,
    tally: FieldTally? = nil
  ) -> PartitionTake {
    precondition(
      batch.numberCount == numberCount && batch.categoryCount == categoryCount && batch.labelCount == labelCount
        && (batch.weights == nil) == (weights == nil) && batch.weighted.count == pairs?.inputCount ?? 0,
      "a batch of another shape")
    precondition(batch.capacity - batch.count >= limit, "no room for \(limit) rows")
    var result = PartitionTake(firstOffset: takenUpTo, nextOffset: takenUpTo)
    rowOffsets.removeAll(keepingCapacity: true)
    // In this order: an end that is known now lies behind the records that are there now.
    var end = end.load(ordering: .sequentiallyConsistent)
    if bound < .max { end = min(bound, max(end, passed.load(ordering: .sequentiallyConsistent))) }
    let stop = head.load(ordering: .sequentiallyConsistent)
    var position = tail.load(ordering: .relaxed)
    var isFull: Bool { endsWithRow && result.valid == limit }
    while position < stop, offsets[position % capacity] < bound, !isFull {
      let place = position % capacity
      let kind = kinds[place]
      if kind == 0 {
        let run = exampleRun(
          from: place, atMost: min(limit - result.valid, stop - position, capacity - place), below: bound)
        if run == 0 { break }
        copy(place, count: run, to: batch, &result)
        if let tally {
          for index in place..<(place + run) {
            if notes[index] != 0 { tally.add(marks: marks + index * fieldCount, fieldCount: fieldCount) }
            if delays[index] != Self.noDelay { tally.add(FieldCode(field: nil, .delayed(Int(delays[index])))) }
          }
        }
        for index in place..<(place + run) { advance(past: offsets[index], &result) }
        position += run
      } else if kind == Self.lostKind {
        result.lost += offsets[place] + 1 - result.nextOffset
        result.nextOffset = offsets[place] + 1
        position += 1
      } else {
        result.rejected[Int(kind) - 1] += 1
        tally?.add(
          FieldCode(
            field: notes[place] < 0 || notes[place] >= fieldCount ? nil : Int(notes[place]),
            FieldNotice(index: FieldNotice.firstRejection + Int(kind) - 1)))
        advance(past: offsets[place], &result)
        position += 1
      }
    }
    if !isFull, position == stop || offsets[position % capacity] >= bound, end > result.nextOffset {
      result.skipped += end - result.nextOffset
      result.nextOffset = end
    }
    takenUpTo = result.nextOffset
    validOut.store(validOut.load(ordering: .relaxed) + result.valid, ordering: .sequentiallyConsistent)
    tail.store(position, ordering: .sequentiallyConsistent)
    return result
  }

  /// The offset of a row of the last take, counted from 0 there.
  public func offset(ofRow row: Int) -> Int64 { rowOffsets[row] }

  /// How many examples follow each other at `place`.
  private func exampleRun(from place: Int, atMost limit: Int, below bound: Int64) -> Int {
    var run = 0
    while run < limit, kinds[place + run] == 0, offsets[place + run] < bound { run += 1 }
    return run
  }

  private func copy(_ place: Int, count: Int, to batch: FeatureBatch, _ result: inout PartitionTake) {
    let row = batch.count
    (batch.numbers + row * numberCount).update(from: numbers + place * numberCount, count: count * numberCount)
    (batch.categories + row * categoryCount).update(
      from: categories + place * categoryCount, count: count * categoryCount)
    (batch.labels + row * labelCount).update(from: labels + place * labelCount, count: count * labelCount)
    if let weights { batch.weights.map { ($0 + row).update(from: weights + place, count: count) } }
    for index in place..<(place + count) {
      if !labels[index * labelCount].isNaN { result.labelled += 1 }
      rowOffsets.append(offsets[index])
      batch.keys[row + index - place] = key(ofRecordAt: offsets[index])
    }
    if let pairs {
      var end = 0
      for index in 0..<count { end = pairs.copy(place + index, to: row + index, of: batch) }
      pairs.free(upTo: end)
    }
    batch.count += count
    result.valid += count
  }

  /// What names a record on every rank and after every restart: dropout and samples go by it.
  private func key(ofRecordAt offset: Int64) -> UInt64 { RecordKey(partition: partition, offset: offset).word }

  private func advance(past offset: Int64, _ result: inout PartitionTake) {
    result.skipped += offset - result.nextOffset
    result.nextOffset = offset + 1
  }
}
