import Ingest
import Learning
import Pipelines
import Tensors
import Testing
import Vocabulary
import Worker

@Suite("Maps and texts with more rows after an edit")
struct MapGrowthTests {
  private func pipeline(_ more: String, _ optimizer: String = "adagrad") throws -> Pipeline {
    try PipelineParser.parse(
      text: """
        name: grown
        source: { topic: t }
        schema: { label: { path: y }, features: [{ name: w, type: map, \(more) }] }
        model: { task: regression, hidden: [8], wide: true }
        training: { embedding_optimizer: { kind: \(optimizer), learning_rate: 0.05 } }
        """, fileName: "grown.yaml"
    ) { _ in nil }
  }

  private func batch(_ pipeline: Pipeline, _ maps: [[String]]) -> FeatureBatch {
    let decoder = RecordDecoder(schema: pipeline.schema, heads: pipeline.heads, recordBytesMax: 10_000)
    let batch = LearnerSpec(pipeline).makeBatch(capacity: 64)
    batch.count = maps.count
    var time = Double.nan
    for (row, keys) in maps.enumerated() {
      let map = keys.enumerated().map { "\"\($0.element)\":\(1 + $0.offset)" }.joined(separator: ",")
      let text = "{\"w\":{\(map)},\"y\":\(row % 3)}"
      let outcome = withUnsafeMutablePointer(to: &time) { time in
        Array(text.utf8).withUnsafeBytes {
          decoder.decode($0, into: ExampleSlot(row: row, of: batch, eventTime: time))
        }
      }
      precondition(outcome == .example, text)
      batch.keys[row] = UInt64(row)
    }
    return batch
  }

  private func step(_ learner: Learner, _ batch: FeatureBatch) {
    learner.predict(batch)
    let local = learner.backward(batch)
    learner.absorbOwn()
    _ = learner.apply(labelled: local.labelled, lossSum: local.lossSum)
  }

  private func answers(_ learner: Learner, _ batch: FeatureBatch) -> [Float] {
    learner.predict(batch)
    return Array(learner.outputs)
  }

  @Test(
    "each key answers as before, bit by bit, and learns on as it would have",
    arguments: ["adagrad", "adam", "ftrl", "sgd"],
    [2, 3])
  func grows(optimizer: String, factor: Int) throws {
    let old = try pipeline("buckets: 33", optimizer)
    let new = try pipeline("buckets: \(32 * factor + 1)", optimizer)
    let edits = new.edits(since: old)
    #expect(edits.map(\.effect) == [.extends], "\(edits)")
    let donor = Learner(spec: LearnerSpec(old), batchCapacity: 64)
    let words = (0..<40).map { ["key\($0)"] } + [[]]
    for _ in 0..<10 { step(donor, batch(old, words)) }
    let learner = Learner(spec: LearnerSpec(new), batchCapacity: 64)
    try learner.adoptState(
      donor.encodeState(), of: donor.spec, rows: CategoryRows.origins(from: old.schema, to: new.schema))
    #expect(answers(donor, batch(old, words)) == answers(learner, batch(new, words)))
    // One record alone touches one row of either.
    for learned in [["key7"], ["key8"]] {
      step(donor, batch(old, [learned]))
      step(learner, batch(new, [learned]))
      #expect(answers(donor, batch(old, [learned])) == answers(learner, batch(new, [learned])))
    }
  }

  @Test("any other number of rows changes what was learned, and says which does not")
  func refused() throws {
    let old = try pipeline("buckets: 33")
    for buckets in [32, 34, 64, 66, 17] {
      let edit = try #require(try pipeline("buckets: \(buckets)").edits(since: old).first)
      #expect(edit.effect == .changes)
      #expect(
        edit.meaning.contains("one more than a multiple of 32 keeps what was learned: `buckets: 65`"), "\(edit.meaning)"
      )
    }
  }

  @Test("a batch is read for an older version as that one would have read it", arguments: ["none", "l1", "l2"])
  func translation(norm: String) throws {
    let (old, new) = (try pipeline("buckets: 5, norm: \(norm)"), try pipeline("buckets: 17, norm: \(norm)"))
    #expect(BatchTranslation.obstacle(from: new, to: old) == nil)
    #expect(BatchTranslation.obstacle(from: old, to: new) != nil)
    let maps = (0..<30).map { row in (0..<(row % 7)).map { "k\(row * 3 + $0)" } }
    let translation = try #require(BatchTranslation(from: new, to: old, capacity: 64))
    let found = translation.run(batch(new, maps)).weighted[0]
    let wanted = batch(old, maps).weighted[0]
    for record in maps.indices {
      #expect(found.places(of: record) == wanted.places(of: record))
      for pair in wanted.places(of: record) {
        #expect(found.rows[pair] == wanted.rows[pair])
        #expect(abs(found.weights[pair] - wanted.weights[pair]) <= 1e-6 * abs(wanted.weights[pair]))
      }
    }
  }
}
