import Collectives
import Evaluation
import Ingest
import Learning
import Pipelines
import Tensors
import Testing
import Vocabulary
import Worker

@Suite("Weights of records in the step loop")
struct RecordWeightTests {
  private func run(
    _ pipeline: Pipeline = smallPipeline(), labelCount: Int = 1, weight: (@Sendable (Int32, Int64) -> Float)?
  ) throws -> LoopResult {
    var stream = MemoryStream(partitionCount: 3, recordsPerPartition: 600, labelCount: labelCount)
    stream.weight = weight
    let board = ControlBoard()
    board.wish { $0.stopsAtEnd = true }
    return try runLoop(
      pipeline, stream: stream, collective: SoloCollective(generation: Generation(1)), board: board)
  }

  @Test("weights of 1 leave the bits that none leave, and are no news")
  func ones() throws {
    let (plain, ones) = (try run(weight: nil), try run { _, _ in 1 })
    #expect(plain.learner == ones.learner)
    #expect(plain.state.metrics == ones.state.metrics && ones.state.metrics.weightSum == nil)
  }

  @Test("records of weight 0 are counted, and everything else is as if they had no label")
  func zeros() throws {
    // The third partition's records weigh nothing.
    let result = try run { partition, _ in partition == 2 ? 0 : 2 }
    #expect(result.end == .finished && result.state.trained == 1800)
    #expect(result.state.metrics.records == 1800 && result.state.metrics.weight == 2400)
    #expect((result.state.metrics.auc ?? 0) > 0.8)
    let nothing = try run { _, _ in 0 }
    let initial = Learner(spec: LearnerSpec(smallPipeline()), batchCapacity: 12)
    let (after, before) = (Learner(spec: initial.spec, batchCapacity: 12), initial.parametersDigestInput)
    try after.restoreState(nothing.learner)
    #expect(after.parametersDigestInput == before && nothing.state.trained == 1800)
    #expect(nothing.state.metrics.meanLoss == nil)
  }

  @Test("further heads are learned and measured by weight too")
  func heads() throws {
    let pipeline = smallPipeline { pipeline in
      pipeline.model.heads = [HeadSettings(name: "above", label: LabelSettings(path: "y.above"), task: .binary)]
    }
    let result = try run(pipeline, labelCount: 2) { _, offset in offset % 2 == 0 ? 0.5 : 2 }
    #expect(result.state.heads[0].total.records == 1800 && result.state.heads[0].total.weight == 2250)
    let plain = try run(pipeline, labelCount: 2, weight: nil)
    #expect(plain.state.heads[0].total.weight == nil)
    #expect(result.learner != plain.learner)
  }

  @Test("an envelope carries weights, their sum and the heads' by the rows")
  func envelope() throws {
    var envelope = StepEnvelope()
    envelope.weight = 5.5
    var share = PartitionShare()
    (share.rows, share.trained, share.next) = (2, 2, 2)
    envelope.shares = [share]
    envelope.rowCount = 2
    var head = HeadShare()
    (head.records, head.lossSum, head.weight) = (2, 0.75, 5.5)
    envelope.headLosses = [head]
    var writer = StepEnvelopeWriter()
    for weights in [[0.5, 5], nil] as [[Float]?] {
      let rejected = [Int64](repeating: 0, count: RejectReason.allCases.count)
      if let weights {
        writer.write(
          envelope, rejected: rejected, labels: [1, 0], outputs: [0.5, 0.6], losses: [1, 1],
          frozenLosses: [.nan, .nan], weights: weights, health: [])
      } else {
        writer.write(
          envelope, rejected: rejected, labels: [1, 0], outputs: [0.5, 0.6], losses: [1, 1],
          frozenLosses: [.nan, .nan], health: [])
      }
      try writer.bytes.withUnsafeBytes { bytes in
        let read = try ReceivedEnvelope(bytes, outputCount: 1)
        #expect(read.weight == (weights == nil ? 2 : 5.5) && read.headLoss(0) == (2, 0.75))
        #expect(read.headWeight(0) == (weights == nil ? nil : 5.5))
        #expect(read.weights.map { Array($0.bindMemory(to: Float.self)) } == weights)
        #expect(Array(read.outputs.bindMemory(to: Float.self)) == [0.5, 0.6])
      }
    }
  }
}
