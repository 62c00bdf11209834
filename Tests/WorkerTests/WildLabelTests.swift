import Ingest
import Learning
import Pipelines
import Tensors
import Testing
import Vocabulary

@Suite("One wild label among five thousand")
struct WildLabelTests {
  private static let seed: UInt64 = 21
  private static let records = 5000

  /// The mean squared error over the last quarter of a stream of y = 7 + 3a, of which one record may say something else.
  private func loss(clip: ClosedRange<Double>?, wildAt: Int?, rows: Int) throws -> Double {
    let pipeline = smallPipeline {
      $0.model = ModelSettings(task: .regression)
      $0.model.hidden = [8]
      $0.schema.label.clip = clip
      $0.training.optimizer.learningRate = 0.02
    }
    let decoder = RecordDecoder(schema: pipeline.schema, heads: pipeline.heads, recordBytesMax: 10_000)
    let spec = LearnerSpec(pipeline)
    let learner = Learner(spec: spec, batchCapacity: rows)
    let batch = spec.makeBatch(capacity: rows)
    var random = SplitMix64(seed: Self.seed)
    var losses = [Float](repeating: 0, count: rows)
    var (sum, counted) = (0.0, 0)
    for first in stride(from: 0, to: Self.records - rows + 1, by: rows) {
      batch.count = rows
      for row in 0..<rows {
        let (a, b) = (random.nextNearlyNormal(), random.nextNearlyNormal())
        let usual = 7 + 3 * a + 0.5 * random.nextNearlyNormal()
        let label = wildAt == first + row ? 1e15 : usual
        let text = #"{"a":\#(a),"b":\#(b),"c":"\#(first % 3)","y":\#(label)}"#
        var time = 0.0
        let outcome = withUnsafeMutablePointer(to: &time) { time in
          Array(text.utf8).withUnsafeBytes {
            decoder.decode($0, into: ExampleSlot(row: row, of: batch, eventTime: time))
          }
        }
        guard case .example = outcome else {
          Issue.record("\(text): \(outcome)")
          return .nan
        }
        batch.keys[row] = UInt64(first + row)
      }
      learner.predict(batch)
      learner.losses(batch, into: &losses)
      let local = learner.backward(batch)
      #expect(local.isFinite)
      learner.absorbOwn()
      #expect(learner.apply(labelled: local.labelled, lossSum: local.lossSum).isFinite)
      guard first >= Self.records * 3 / 4 else { continue }
      sum += losses.reduce(0) { $0 + Double($1) }
      counted += rows
    }
    return sum / Double(counted)
  }

  @Test(
    "ends within 5 % of the clean stream's loss, with a range of labels and without one", arguments: [1, 8],
    [nil, -20...30] as [ClosedRange<Double>?])
  func wild(rows: Int, clip: ClosedRange<Double>?) throws {
    let clean = try loss(clip: nil, wildAt: nil, rows: rows)
    #expect(clean < 0.5)
    for place in [0, 2, 300, 2500] {
      let wild = try loss(clip: clip, wildAt: place, rows: rows)
      #expect(wild <= 1.05 * clean, "seed \(Self.seed), 1e15 at \(place): \(wild) where \(clean) is clean")
    }
  }
}
