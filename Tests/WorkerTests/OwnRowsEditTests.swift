import Health
import Ingest
import Learning
import Pipelines
import Tensors
import Testing
import Vocabulary
import Worker

@Suite("Rows of their own after an edit")
struct OwnRowsEditTests {
  private static let values = ValueStream.states.map { "\"\($0)\"" } + ["null", "\"never met\""]

  /// A learner of `new` that goes on from one of `old` after some steps.
  private func goOn(_ old: String, _ new: String) throws -> (before: [Float], after: [Float], Learner, ValueStream) {
    let (before, after) = (try ValueStream(old), try ValueStream(new))
    let donor = before.learner()
    var random = SplitMix64(seed: 7)
    for step in 0..<40 {
      let records = (0..<32).map { _ in
        (value: Self.values[Int.random(in: 0..<30, using: &random)], label: random.nextUnit())
      }
      try before.learn(records, step: step, [donor])
    }
    let learner = after.learner()
    try learner.adoptState(
      donor.encodeState(), of: donor.spec,
      rows: CategoryRows.origins(from: before.pipeline.schema, to: after.pipeline.schema),
      listed: CategoryRows.listed(from: before.pipeline.schema, to: after.pipeline.schema))
    let answers = before.predictions(donor, Self.values)
    return (answers, after.predictions(learner, Self.values), learner, after)
  }

  @Test(
    "every value answers as before, bit by bit",
    arguments: [
      (", buckets: 16, own_rows: 0", ", buckets: 16, own_rows: 32"),
      (", buckets: 16, own_rows: 8", ", buckets: 16, own_rows: 32"),
      (", buckets: 16, own_rows: 32", ", buckets: 31, own_rows: 32"),
      (", buckets: 16, own_rows: 0", ", buckets: 46, own_rows: 0"),
      (", buckets: 16, own_rows: 32", ", buckets: 18, own_rows: 32, values: [TX, AL]"),
      (", buckets: 16, own_rows: 8, values: [TX]", ", buckets: 17, own_rows: 8, values: [WY, TX]"),
      (", buckets: 16, own_rows: 32, values_max: 2", ", buckets: 31, own_rows: 64, values_max: 2"),
    ])
  func same(old: String, new: String) throws {
    let (old, new) = (old, new)
    let (before, after, _, stream) = try goOn(old, new)
    #expect(before == after)
    let edits = stream.pipeline.edits(since: try ValueStream(old).pipeline)
    #expect(!edits.isEmpty && edits.allSatisfy { $0.effect == .extends }, "\(edits)")
  }

  @Test("values get rows after the edit, and begin there with what their hashed row has learned")
  func grows() throws {
    let (_, _, learner, stream) = try goOn(", buckets: 16, own_rows: 0", ", buckets: 16, own_rows: 32")
    #expect(try stream.known(learner).own == 0)
    for step in 0..<10 { try stream.learn(Self.values.prefix(20).map { (value: $0, label: 1) }, step: step, [learner]) }
    #expect(try stream.known(learner).own == 20)
  }

  @Test(
    "a batch is read for an older version as that one would have read it",
    arguments: [
      (", buckets: 16, own_rows: 32", ", buckets: 16, own_rows: 0"),
      (", buckets: 16, own_rows: 32", ", buckets: 16, own_rows: 8"),
      (", buckets: 18, own_rows: 32, values: [TX, AL]", ", buckets: 16, own_rows: 32"),
      (", buckets: 18, own_rows: 32, values: [TX, AL]", ", buckets: 16, own_rows: 0"),
      (", buckets: 31, own_rows: 32, values_max: 3", ", buckets: 16, own_rows: 8, values_max: 2"),
    ])
  func translation(own: String, other: String) throws {
    let (mine, theirs) = (try ValueStream(own), try ValueStream(other))
    let records = Self.values.map { (value: $0, label: 0.0) }
    #expect(BatchTranslation.obstacle(from: mine.pipeline, to: theirs.pipeline) == nil)
    let translation = try #require(BatchTranslation(from: mine.pipeline, to: theirs.pipeline, capacity: 64))
    let found = translation.run(mine.batch(records, step: 0))
    let wanted = theirs.batch(records, step: 0)
    let count = wanted.count * wanted.categoryCount
    #expect((0..<count).map { found.categories[$0] } == (0..<count).map { wanted.categories[$0] })
    #expect(BatchTranslation.obstacle(from: theirs.pipeline, to: mine.pipeline) != nil)
  }

  @Test("a value that an older version would have refused is absent to it")
  func refused() throws {
    let mine = try ValueStream(", buckets: 4, own_rows: 16, values: [TX, AL]")
    let theirs = try ValueStream(", buckets: 3, values: [TX, AL], unknown: reject")
    let translation = try #require(BatchTranslation(from: mine.pipeline, to: theirs.pipeline, capacity: 64))
    let found = translation.run(mine.batch(["\"TX\"", "\"zz\"", "\"AL\""].map { (value: $0, label: 0) }, step: 0))
    #expect((0..<3).map { found.categories[$0] } == [1, 0, 2])
  }
}
