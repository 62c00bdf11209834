import Foundation
import Ingest
import Synchronization
import Tensors
import Testing
import Vocabulary

/// One number a row, which is the offset; an odd offset has no label.
private func put(_ offset: Int64, into buffer: PartitionBuffer) -> Bool {
  guard let slot = buffer.beginSlot() else { return false }
  slot.numbers[0] = Float(offset)
  slot.categories[0] = UInt32(truncatingIfNeeded: offset)
  slot.labels.pointee = offset % 2 == 0 ? 1 : .nan
  return buffer.commitExample(offset: offset)
}

private func makeBuffer(
  capacity: Int = 8, next: Int64 = 0, onData: @escaping @Sendable () -> Void = {}
) -> PartitionBuffer {
  PartitionBuffer(
    partition: 3, capacity: capacity, numberCount: 1, categoryCount: 1, nextOffset: next, onData: onData)
}

private func makeBatch(_ capacity: Int = 64) -> FeatureBatch {
  FeatureBatch(capacity: capacity, numberCount: 1, categoryCount: 1)
}

@Suite("Partition buffer")
struct PartitionBufferTests {
  @Test("how late labels were comes out with the records that are taken; one without a label has no delay")
  func delays() {
    let buffer = makeBuffer()
    for (offset, delay) in [0.5, 3600, .nan, 3600, 3700].enumerated() {
      guard let slot = buffer.beginSlot() else { return }
      slot.labels.pointee = offset == 3 ? .nan : 1
      slot.eventTime.pointee = 1_357_036_140
      buffer.commitExample(offset: Int64(offset), labelTime: 1_357_036_140 + delay)
    }
    let tally = FieldTally(fieldCount: 0)
    _ = buffer.take(upTo: 4, into: makeBatch(), tally: tally)
    #expect(tally.codes.sorted().map(\.notice) == [.delayed(0), .delayed(12)])
    #expect(tally.count(of: FieldCode(field: nil, .delayed(12))) == 1)
    tally.clear()
    _ = buffer.take(upTo: 4, into: makeBatch(), tally: tally)
    #expect(tally.codes.map(\.notice) == [.delayed(12)])
  }

  @Test("what happened to fields comes out with the records that are taken, and no sooner")
  func fieldNotices() {
    let buffer = PartitionBuffer(
      partition: 0, capacity: 8, numberCount: 1, categoryCount: 1, fieldCount: 3, nextOffset: 0)
    let batch = makeBatch()
    let tally = FieldTally(fieldCount: 3)
    func commit(_ offset: Int64, _ marks: [UInt8]) {
      let fields = marks.indices.filter { marks[$0] != 0 }.map(Int32.init)
      _ = buffer.beginSlot()
      fields.withUnsafeBufferPointer { fields in
        _ = buffer.commitExample(offset: offset, marks: FieldMarks(fields: fields, marks: marks))
      }
    }
    commit(0, [1, 0, 2])
    commit(1, [0, 0, 0])
    buffer.commitRejected(offset: 2, reason: .wrongType, field: 1)
    buffer.commitRejected(offset: 3, reason: .malformed)
    commit(4, [1, 4, 0])
    commit(5, [1, 0, 0])

    _ = buffer.take(upTo: 2, into: batch, tally: tally)
    #expect(tally.count(of: FieldCode(field: 0, .missing)) == 1)
    #expect(tally.count(of: FieldCode(field: 2, .clipped)) == 1)
    #expect(tally.count(of: FieldCode(field: 1, .rejected(.wrongType))) == 1)
    #expect(tally.count(of: FieldCode(field: nil, .rejected(.malformed))) == 1)
    #expect(tally.codes.count == 4)
    tally.clear()
    #expect(tally.isEmpty && tally.count(of: FieldCode(field: 0, .missing)) == 0)
    _ = buffer.take(upTo: 1, into: batch, tally: tally)
    #expect(tally.codes.sorted() == [FieldCode(field: 0, .missing), FieldCode(field: 1, .unknown)])
  }

  @Test("rows come out in offset order, with what was rejected on the way")
  func order() {
    let buffer = makeBuffer(next: 10)
    let batch = makeBatch()
    #expect(put(10, into: buffer))
    #expect(buffer.commitRejected(offset: 11, reason: .malformed))
    #expect(put(12, into: buffer))
    #expect(buffer.commitRejected(offset: 13, reason: .overflow))
    #expect(buffer.commitRejected(offset: 14, reason: .malformed))
    #expect(put(15, into: buffer))
    #expect(buffer.validAvailable == 3)

    let first = buffer.take(upTo: 2, into: batch)
    #expect(first.valid == 2)
    #expect(first.labelled == 2)
    #expect((first.firstOffset, first.nextOffset) == (10, 15))
    #expect(first.rejected[RejectReason.malformed.index] == 2)
    #expect(first.rejected[RejectReason.overflow.index] == 1)
    #expect(first.rejectedCount == 3)
    #expect(batch.count == 2)
    #expect((batch.numbers[0], batch.numbers[1]) == (10, 12))
    #expect((buffer.offset(ofRow: 0), buffer.offset(ofRow: 1)) == (10, 12))

    let second = buffer.take(upTo: 2, into: batch)
    #expect((second.valid, second.labelled, second.nextOffset) == (1, 0, 16))
    #expect(batch.count == 3)
    #expect(batch.categories[2] == 15)
    #expect(buffer.offset(ofRow: 0) == 15)
    #expect(buffer.take(upTo: 2, into: batch).isEmpty)
  }

  @Test("offsets without a record are counted as skipped, at the end too")
  func gaps() {
    let buffer = makeBuffer(next: 5)
    let batch = makeBatch()
    #expect(put(7, into: buffer))
    #expect(buffer.commitRejected(offset: 10, reason: .badLabel))
    let take = buffer.take(upTo: 4, into: batch)
    #expect((take.firstOffset, take.nextOffset, take.skipped) == (5, 11, 4))
    #expect(!buffer.isAtEnd)
    buffer.markEnd(upTo: 13)
    #expect(!buffer.isAtEnd)
    let last = buffer.take(upTo: 4, into: batch)
    #expect((last.valid, last.nextOffset, last.skipped) == (0, 13, 2))
    #expect(buffer.isAtEnd)
    #expect(put(13, into: buffer))
    #expect(!buffer.isAtEnd)
    #expect(buffer.take(upTo: 1, into: batch).skipped == 0)
  }

  @Test("a share that ends with its last row is the same, whatever behind it has been read")
  func endsWithRow() {
    for isReadOn in [false, true] {
      let buffer = makeBuffer()
      #expect(put(0, into: buffer) && put(2, into: buffer))
      if isReadOn {
        #expect(buffer.commitRejected(offset: 3, reason: .badLabel))
        buffer.markEnd(upTo: 5)
      }
      let take = buffer.take(upTo: 2, endsWithRow: true, into: makeBatch())
      #expect((take.valid, take.nextOffset, take.skipped, take.rejected.reduce(0, +)) == (2, 3, 1, 0))
      if !isReadOn {
        #expect(buffer.commitRejected(offset: 3, reason: .badLabel))
        buffer.markEnd(upTo: 5)
      }
      let last = buffer.take(upTo: 2, endsWithRow: true, into: makeBatch())
      #expect((last.valid, last.nextOffset, last.skipped, last.rejected.reduce(0, +)) == (0, 5, 1, 1))
      #expect(buffer.isAtEnd)
    }
  }

  @Test("what the broker removed is counted as lost, between records, at the end and from the start")
  func lost() {
    let buffer = makeBuffer(next: 5)
    let batch = makeBatch()
    #expect(buffer.commitLost(upTo: 8))
    #expect(put(9, into: buffer))
    #expect(buffer.commitLost(upTo: 20))
    #expect(!buffer.commitLost(upTo: 20), "no gap is counted twice")
    #expect(!put(19, into: buffer))
    #expect(buffer.commitRejected(offset: 20, reason: .tombstone))
    let take = buffer.take(upTo: 4, into: batch)
    #expect((take.firstOffset, take.nextOffset) == (5, 21))
    #expect((take.valid, take.skipped, take.lost, take.rejectedCount) == (1, 1, 13, 1))
    #expect(take.rejected[RejectReason.tombstone.index] == 1)
    #expect(batch.count == 1 && buffer.offset(ofRow: 0) == 9)
  }

  @Test("a row's key is its partition's and offset's, wherever it lies in a batch")
  func keys() {
    let buffer = makeBuffer(next: 5)
    let batch = makeBatch()
    #expect(put(5, into: buffer))
    #expect(put(6, into: buffer))
    _ = buffer.take(upTo: 1, into: batch)
    _ = buffer.take(upTo: 1, into: batch)
    #expect(batch.count == 2)
    #expect(batch.keys[1] == batch.keys[0] ^ 5 ^ 6)
    #expect(batch.keys[0] != 0)
  }

  @Test("a record that comes again is dropped")
  func repetition() {
    let buffer = makeBuffer(next: 5)
    let batch = makeBatch()
    #expect(!put(4, into: buffer))
    #expect(put(5, into: buffer))
    #expect(!put(5, into: buffer))
    #expect(!buffer.commitRejected(offset: 5, reason: .malformed))
    #expect(put(6, into: buffer))
    let take = buffer.take(upTo: 8, into: batch)
    #expect((take.valid, take.rejectedCount, take.nextOffset) == (2, 0, 7))
  }

  @Test("a full ring takes no more until rows have left")
  func backPressure() {
    let buffer = makeBuffer(capacity: 4)
    let batch = makeBatch()
    for offset in 0..<4 { #expect(put(Int64(offset), into: buffer)) }
    #expect(buffer.freeSlots == 0)
    #expect(buffer.beginSlot() == nil)
    #expect(buffer.isReady(for: 100))
    #expect(buffer.take(upTo: 3, into: batch).valid == 3)
    #expect(buffer.freeSlots == 3)
    // Round the corner of the ring.
    for offset in 4..<7 { #expect(put(Int64(offset), into: buffer)) }
    #expect(buffer.take(upTo: 8, into: batch).valid == 4)
    #expect((0..<7).map { batch.numbers[$0] } == [0, 1, 2, 3, 4, 5, 6])
  }

  @Test("the consumer is woken for the first, for enough, for a full ring and for the end; not for each record")
  func wakes() {
    let calls = Counter()
    let buffer = makeBuffer(capacity: 6, onData: { calls.add() })
    buffer.setWakeAt(3)
    let expected = [1, 1, 2, 2, 2, 3]
    for offset in 0..<6 {
      _ = put(Int64(offset), into: buffer)
      #expect(calls.value == expected[offset], "after record \(offset)")
    }
    buffer.markEnd(upTo: 6)
    #expect(calls.value == 4)
    _ = buffer.take(upTo: 6, into: makeBatch())
    #expect(buffer.isAtEnd)
    _ = buffer.commitRejected(offset: 6, reason: .malformed)
    #expect(calls.value == 5)
    #expect(buffer.hasRecords && buffer.validAvailable == 0)
  }

  @Test("two threads pass a stream through a small ring, and nothing is lost, doubled or out of order")
  func twoThreads() {
    let ready = DispatchSemaphore(value: 0)
    let buffer = makeBuffer(capacity: 7, onData: { ready.signal() })
    buffer.setWakeAt(4)
    let last: Int64 = 200_000
    let isEnough = DispatchSemaphore(value: 0)
    let producer = Thread {
      var random = SplitMix64(seed: 3)
      var offset: Int64 = 0
      while offset < last {
        if buffer.freeSlots == 0 {
          sched_yield()
          continue
        }
        switch random.next() % 8 {
        case 0: _ = buffer.commitRejected(offset: offset, reason: .malformed)
        case 1: offset += 2; continue
        default: _ = put(offset, into: buffer)
        }
        offset += 1
      }
      buffer.markEnd(upTo: offset)
      isEnough.signal()
    }
    producer.start()
    var (rows, rejected, skipped, next) = (Int64(0), Int64(0), Int64(0), Int64(0))
    var isInOrder = true
    let batch = makeBatch(5)
    let deadline = Deadline.after(.seconds(60))
    while !buffer.isAtEnd, !deadline.hasPassed {
      if !buffer.isReady(for: 4), !buffer.hasRecords { _ = ready.wait(timeout: .now() + 5) }
      batch.count = 0
      let take = buffer.take(upTo: 5, into: batch)
      isInOrder = isInOrder && take.firstOffset == next
      for row in 0..<take.valid {
        isInOrder = isInOrder && batch.numbers[row] == Float(buffer.offset(ofRow: row))
      }
      next = take.nextOffset
      rows += Int64(take.valid)
      rejected += take.rejectedCount
      skipped += take.skipped
    }
    isEnough.wait()
    #expect(isInOrder)
    #expect(buffer.isAtEnd)
    #expect(next >= last)
    #expect(rows + rejected + skipped == next)
    #expect(rows > last / 2 && rejected > last / 20 && skipped > last / 20)
  }
}

private final class Counter: Sendable {
  private let count = Atomic<Int>(0)
  var value: Int { count.load(ordering: .relaxed) }
  func add() { count.add(1, ordering: .relaxed) }
}
