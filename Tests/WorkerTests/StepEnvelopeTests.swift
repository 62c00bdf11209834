import Health
import Ingest
import Testing
import Vocabulary
import Worker

@Suite("Step envelope")
struct StepEnvelopeTests {
  private func sample() -> [UInt8] {
    var envelope = StepEnvelope()
    envelope.flags = [.backlog, .stop]
    envelope.step = 41
    (envelope.versions, envelope.serving) = ([3, 5], 5)
    envelope.lossSum = 1.75
    var share = PartitionShare()
    share.partition = 2
    share.rows = 2
    share.trained = 1
    share.from = 100
    share.next = 5_000_000_105
    share.skipped = 1
    share.lost = 5_000_000_000
    envelope.shares = [share]
    envelope.rowCount = 2
    envelope.outputCount = 1
    var head = HeadShare()
    head.records = 2
    head.lossSum = 0.75
    envelope.headLosses = [head]
    var rejected = [Int64](repeating: 0, count: RejectReason.allCases.count)
    rejected[RejectReason.labelAbsent.index] = 1
    rejected[RejectReason.malformed.index] = 3
    let tally = FieldTally(fieldCount: 2)
    tally.add(FieldCode(field: 1, .missing))
    tally.add(FieldCode(field: 1, .missing))
    var writer = StepEnvelopeWriter()
    writer.write(
      envelope, rejected: rejected, labels: [1, .nan], outputs: [0.25, 0.5], losses: [1.5, .nan],
      frozenLosses: [0.7, .nan, 0.9, 0.1],
      health: [1, 2, 3], tally: tally, examples: [FieldExample(code: FieldCode(field: 0, .clipped), text: "é")])
    writer.appendLearner { $0.append(contentsOf: [9, 8]) }
    writer.append(costs: [LayerCost(layer: "hidden_1", steps: 1, forward: 250)])
    return writer.bytes
  }

  @Test("what a rank writes is what its peers read")
  func roundTrip() throws {
    try sample().withUnsafeBytes { bytes in
      let received = try ReceivedEnvelope(bytes, outputCount: 1)
      #expect(received.flags == [.backlog, .stop])
      #expect(received.step == 41)
      #expect(received.serving == 5)
      #expect((received.version(0), received.version(1)) == (3, 5))
      #expect(received.place(of: 5) == 1 && received.place(of: 4) == nil)
      #expect(received.frozenLosses(0).loadUnaligned(as: Float.self) == 0.7)
      #expect(received.frozenLosses(1).loadUnaligned(fromByteOffset: 4, as: Float.self) == 0.1)
      #expect(received.lossSum == 1.75)
      #expect(received.share(0).from == 100)
      #expect(received.share(0).next == 5_000_000_105)
      #expect(received.share(0).skipped == 1 && received.share(0).lost == 5_000_000_000)
      #expect(received.headCount == 1 && received.headLoss(0) == (2, 0.75))
      #expect(received.rejected(0, reason: RejectReason.malformed.index) == 3)
      #expect(received.outputs.loadUnaligned(fromByteOffset: 4, as: Float.self) == 0.5)
      #expect(received.losses.count == 16 && received.losses.loadUnaligned(as: Double.self) == 1.5)
      #expect(Array(received.health) == [1, 2, 3])
      #expect(Array(received.learner) == [9, 8])
      #expect(try [received, received].costs() == [LayerCost(layer: "hidden_1", steps: 2, forward: 500)])
      var notices: [String] = []
      try received.forEachNotice(fieldCount: 2) { code, count in
        notices.append("\(code.field ?? -1) \(code.notice.name) \(count)")
      } example: { example in
        notices.append(example.text)
      }
      #expect(notices == ["1 missing 2", "é"])
      // A peer with a longer schema than ours.
      #expect(throws: EnvelopeError.self) {
        try received.forEachNotice(fieldCount: 1) { _, _ in
        } example: { _ in
        }
      }
    }
  }

  @Test("an envelope cut anywhere before its end, or of another model, is refused")
  func damaged() throws {
    let whole = sample()
    for count in 0..<whole.count - 2 {
      whole.prefix(count).withUnsafeBytes { bytes in
        _ = #expect(throws: (any Error).self, "cut to \(count) bytes") { try ReceivedEnvelope(bytes, outputCount: 1) }
      }
    }
    whole.withUnsafeBytes { bytes in
      _ = #expect(throws: EnvelopeError.self) { try ReceivedEnvelope(bytes, outputCount: 4) }
    }
  }
}
