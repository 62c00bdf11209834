import Ingest
import Learning
import Pipelines
import Tensors
import Testing
import Vocabulary

@Suite("What a cross is worth")
struct CrossLearningTests {
  /// The mean log loss of the second half of a stream in which only the two values together tell the label: y is
  /// a xor b in nine of ten records.
  private func loss(_ model: String, _ cross: String, seed: UInt64) throws -> Double {
    let pipeline = try PipelineParser.parse(
      text: """
        name: crossed
        source: { topic: t }
        schema:
          label: { path: y }
          features:
            - { name: a, type: category, buckets: 16 }
            - { name: b, type: category, buckets: 16 }
        \(cross)
        model: { task: binary, \(model) }
        training: { optimizer: { kind: adam, learning_rate: 0.01 } }
        """, fileName: "crossed.yaml"
    ) { _ in nil }
    let decoder = RecordDecoder(schema: pipeline.schema, heads: pipeline.heads, recordBytesMax: 1000)
    let learner = Learner(spec: LearnerSpec(pipeline), batchCapacity: 8)
    let batch = LearnerSpec(pipeline).makeBatch(capacity: 8)
    var (random, sum, time) = (SplitMix64(seed: seed), 0.0, 0.0)
    for step in 0..<400 {
      batch.count = 8
      for row in 0..<8 {
        let (a, b) = (random.next() % 2, random.next() % 2)
        let label = random.next() % 10 == 0 ? 1 - (a ^ b) : a ^ b
        let record = Array(#"{"a":"\#(a)","b":"\#(b)","y":\#(label)}"#.utf8)
        let outcome = withUnsafeMutablePointer(to: &time) { time in
          record.withUnsafeBytes { decoder.decode($0, into: ExampleSlot(row: row, of: batch, eventTime: time)) }
        }
        precondition(outcome == .example)
        batch.keys[row] = random.next()
      }
      learner.predict(batch)
      let local = learner.backward(batch)
      if step >= 200 { sum += local.lossSum / 1600 }
      learner.absorbOwn()
      _ = learner.apply(labelled: local.labelled, lossSum: local.lossSum)
    }
    return sum
  }

  @Test(
    "a linear model learns what only two values tell together, with the cross and not without", arguments: [1, 2, 3])
  func linear(seed: UInt64) throws {
    let cross = "    - { name: both, type: cross, of: [a, b] }"
    let (without, with) = (try loss("kind: linear", "", seed: seed), try loss("kind: linear", cross, seed: seed))
    // The entropy of nine in ten is 0.325, of a coin 0.693.
    #expect(without > 0.68 && with < 0.42, "\(without) without, \(with) with, seed \(seed)")
    let network = try loss("hidden: [8], wide: true", cross, seed: seed)
    #expect(network < 0.45, "\(network), seed \(seed)")
  }
}
