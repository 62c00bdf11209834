import Ingest
import Learning
import Pipelines
import Tensors
import Testing
import Worker

@Suite("Records as another contract reads them")
struct BatchTranslationTests {
  /// The batch that a pipeline makes of a record.
  private func batch(_ pipeline: Pipeline, _ record: String) throws -> FeatureBatch {
    let decoder = RecordDecoder(schema: pipeline.schema, heads: pipeline.heads, recordBytesMax: 10_000)
    let batch = LearnerSpec(pipeline).makeBatch(capacity: 4)
    batch.count = 1
    var time = Double.nan
    let outcome = withUnsafeMutablePointer(to: &time) { time in
      Array(record.utf8).withUnsafeBytes { decoder.decode($0, into: ExampleSlot(row: 0, of: batch, eventTime: time)) }
    }
    if case .rejected(let reason, let field) = outcome { Issue.record("\(reason) \(field ?? "")") }
    return batch
  }

  private let old = smallPipeline { pipeline in
    pipeline.schema.features[0].clip = -1...1
    pipeline.schema.features[2].buckets = 16
    var list = FeatureSettings(name: "tags", type: .category)
    list.valuesMax = 3
    list.buckets = 8
    pipeline.schema.features.append(list)
    var time = FeatureSettings(name: "at", type: .timestamp)
    time.parts = [.hour, .weekday]
    pipeline.schema.features.append(time)
    var words = FeatureSettings(name: "words", type: .map)
    words.buckets = 1000
    pipeline.schema.features += [words, FeatureSettings(name: "title", type: .text)]
  }

  private var new: Pipeline {
    var pipeline = old
    let sparse = pipeline.schema.features.suffix(2)
    pipeline.schema.features.removeLast(2)
    pipeline.schema.features.reverse()
    pipeline.schema.features[4].clip = -9...9
    pipeline.schema.features[2].values = ["u", "v"]
    pipeline.schema.features[2].buckets = 18
    pipeline.schema.features[1].valuesMax = 5
    pipeline.schema.features[0].parts = [.weekday, .month, .hour]
    pipeline.schema.features.insert(FeatureSettings(name: "more", type: .float), at: 0)
    pipeline.schema.features += sparse.reversed()
    return pipeline
  }

  @Test(
    "a batch read under the new file becomes, bit by bit, the batch that the old one would have read",
    arguments: [
      #"{"a":0.5,"at":1364691600,"b":2,"c":"u","tags":["x","y"],"y":1,"more":3}"#,
      #"{"a":5,"b":2,"c":"w","tags":[],"y":0}"#,
      #"{"a":-3,"c":"v","tags":["x","y","z"],"y":1,"more":3}"#, #"{"b":1,"y":1}"#,
      #"{"b":1,"words":{"cat":2,"the":5},"title":"The cat, the dog","y":1}"#,
    ])
  func same(record: String) throws {
    let translation = try #require(BatchTranslation(from: new, to: old, capacity: 4))
    #expect(BatchTranslation.obstacle(from: new, to: old) == nil)
    let wanted = try batch(old, record)
    let found = translation.run(try batch(new, record))
    #expect(found.count == 1 && found.numberCount == wanted.numberCount)
    for place in 0..<wanted.numberCount {
      #expect(found.numbers[place].bitPattern == wanted.numbers[place].bitPattern)
    }
    #expect(
      (0..<wanted.categoryCount).map { found.categories[$0] }
        == (0..<wanted.categoryCount).map { wanted.categories[$0] })
    for (a, b) in zip(found.weighted, wanted.weighted) {
      #expect(a.places(of: 0) == b.places(of: 0) && !b.places(of: 0).isEmpty)
      #expect(a.places(of: 0).allSatisfy { a.rows[$0] == b.rows[$0] && a.weights[$0] == b.weights[$0] })
    }
  }

  @Test("there is nothing to do where both read alike, and nothing to be done where a label or a path is another")
  func limits() {
    #expect(BatchTranslation(from: old, to: old, capacity: 4) == nil)
    for change in [{ (p: inout Pipeline) in p.schema.label.path = "z" }, { $0.schema.features[0].path = "z" }] {
      var other = old
      change(&other)
      #expect(BatchTranslation.obstacle(from: other, to: old)?.contains("was") == true)
    }
    var clipped = old
    clipped.schema.features[5].clip = -1...1
    #expect(BatchTranslation.obstacle(from: clipped, to: old)?.contains("words") == true)
    var wider = old
    wider.model.hidden = [99]
    #expect(BatchTranslation.obstacle(from: wider, to: old) == nil)
  }
}
