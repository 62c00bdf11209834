import Evaluation
import Ingest
import Testing
import Vocabulary
import Worker

@Suite("Record order")
struct RecordOrderTests {
  /// One rank's envelope with so many rows of each partition, each row's label its partition's number.
  private func envelope(_ rows: [(partition: Int32, rows: UInt32)], trained: UInt32 = 0) -> [UInt8] {
    var envelope = StepEnvelope()
    var labels: [Float] = []
    for (partition, count) in rows {
      var share = PartitionShare()
      share.partition = partition
      (share.rows, share.trained) = (count, trained)
      share.next = Int64(count)
      envelope.shares.append(share)
      labels += [Float](repeating: Float(partition), count: Int(count))
    }
    envelope.rowCount = labels.count
    let rejected = [Int64](repeating: 0, count: rows.count * RejectReason.allCases.count)
    var writer = StepEnvelopeWriter()
    writer.write(
      envelope, rejected: rejected, labels: labels, outputs: labels, losses: labels.map(Double.init),
      frozenLosses: labels,
      health: [])
    return writer.bytes
  }

  /// Partition and number of rows, in the order in which they are taken up, whoever read them.
  private func order(_ ranks: [[(partition: Int32, rows: UInt32)]]) throws -> [[Int]] {
    try withReceived(ranks.map { Array(envelope($0)) }) { envelopes in
      var order = RecordOrder()
      try order.arrange(envelopes)
      return order.stretches.map { stretch in
        let label = envelopes[stretch.rank].labels.loadUnaligned(fromByteOffset: stretch.firstRow * 4, as: Float.self)
        return [Int(stretch.share.partition), Int(stretch.share.rows), Int(label)]
      }
    }
  }

  @Test("is by partition, whoever read it, and finds each partition's own rows")
  func worlds() throws {
    let alone = try order([[(0, 2), (1, 1), (2, 3), (3, 1)]])
    #expect(alone == [[0, 2, 0], [1, 1, 1], [2, 3, 2], [3, 1, 3]])
    #expect(try order([[(0, 2), (2, 3)], [(1, 1), (3, 1)]]) == alone)
    #expect(try order([[(3, 1)], [], [(0, 2), (1, 1), (2, 3)]]) == alone)
  }

  @Test("a partition that two ranks tell of, or one rank out of order, is refused")
  func disorder() {
    #expect(throws: EnvelopeError.self) { try order([[(0, 1), (1, 1)], [(1, 1)]]) }
    #expect(throws: EnvelopeError.self) { try order([[(1, 1), (0, 1)]]) }
  }

  @Test("a share larger than a step's, or with more learned than taken, is refused before its rows are copied")
  func sizes() throws {
    func bring(rows: UInt32, trained: UInt32) throws {
      try envelope([(0, rows)], trained: trained).withUnsafeBytes { bytes in
        let received = try ReceivedEnvelope(bytes, outputCount: 1)
        var state = TrainingState(task: .binary, progress: [PartitionProgress(partition: 0, startOffset: 0)])
        try StepAccount(rowsMax: 4, outputCount: 1, task: .binary)
          .bring([received], into: &state, wasApplied: true) { _, _ in }
      }
    }
    try bring(rows: 4, trained: 4)
    #expect(throws: EnvelopeError.self) { try bring(rows: 5, trained: 5) }
    #expect(throws: EnvelopeError.self) { try bring(rows: 4, trained: 5) }
  }
}
