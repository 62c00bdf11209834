import Collectives
import Evaluation
import Foundation
import Ingest
import Learning
import Pipelines
import Testing
import Vocabulary
import Worker

@Suite("Frozen versions by slice in the loop")
struct SliceLoopTests {
  private static let pipeline = smallPipeline {
    $0.training.reproducible = true
    $0.rollout.slices = ["c", "a"]
  }

  private static func run(_ worldSize: Int, _ stream: MemoryStream) async throws -> [LoopResult] {
    try await runRanks(worldSize, pipeline, stream: stream) { _ in
      (try? frozenVersions([3, 1, 2], serving: 2)) ?? FrozenVersions()
    }
  }

  @Test(
    "their pairs by slice are the same bits for any number of workers, add up to all, and change nothing that is learned"
  )
  func sameBits() async throws {
    let stream = MemoryStream(partitionCount: 6, recordsPerPartition: 300)
    let alone = try #require(try await Self.run(1, stream).first)
    let scores = alone.state.frozen
    #expect(scores.slices.fields.map(\.name) == ["c", "a"])
    #expect(Set(scores.slices.fields[0].names) == Set((1...7).map { "bucket \($0)" }))
    #expect(scores.slices.fields[1].names.count == SliceTable.valuesMax)
    for version in [Int64(1), 2] {
      let entry = try #require(scores[version: version])
      for field in 0..<2 {
        let counts = (0..<SliceTable.placesPerField).map { entry.slices.pairs(of: field, place: $0).count }
        #expect(counts.reduce(0, +) == entry.pairs.count && counts[0] > 0)
      }
      // Of a number of many values nearly all are the others.
      #expect(entry.slices.pairs(of: 1, place: Int(SliceTable.rest)).count > entry.pairs.count * 9 / 10)
    }
    for worldSize in [2, 3] {
      for result in try await Self.run(worldSize, stream) {
        #expect(result.error == nil)
        #expect(result.state.frozen == scores && result.learner == alone.learner)
      }
    }
  }

  @Test("they outlive a generation and a checkpoint, and what a peer is handed")
  func outlive() throws {
    func run(_ records: Int, from: (state: TrainingState, learner: [UInt8])?) throws -> LoopResult {
      let board = ControlBoard()
      board.wish { $0.stopsAtEnd = true }
      return try runLoop(
        Self.pipeline, stream: MemoryStream(partitionCount: 2, recordsPerPartition: records),
        collective: SoloCollective(generation: .init(2)), board: board, from: from,
        frozen: try frozenVersions([3, 1], serving: 3))
    }
    let first = try run(100, from: nil)
    let second = try run(300, from: (first.state, first.learner))
    let whole = try run(300, from: nil)
    #expect(second.state.frozen.slices == whole.state.frozen.slices)
    #expect(second.state.frozen[version: 1]?.slices == whole.state.frozen[version: 1]?.slices)
    let restored = TrainingState(second.state.checkpoint([]), task: .binary, [])
    #expect(restored.frozen == second.state.frozen)
    let handed = try TrainingState.receive(second.state.handOver(learner: [1], memory: nil)).state
    #expect(handed.frozen == second.state.frozen)
  }

  @Test("the name of a hashed value is what a record says, whoever reads it")
  func names() throws {
    var category = FeatureSettings(name: "carrier", path: "x.carrier", type: .category)
    category.ownRows = 16
    var shared = FeatureSettings(name: "dest", type: .category)
    shared.buckets = 64
    var listed = FeatureSettings(name: "origin", type: .category)
    listed.values = ["JFK", "EWR"]
    let pipeline = smallPipeline {
      $0.schema.features = [FeatureSettings(name: "hot", type: .bool), category, shared, listed]
      $0.rollout.slices = ["carrier", "dest", "origin", "hot"]
    }
    let columns = SliceColumns(pipeline)
    let book = SliceBook(columns)
    let decoder = RecordDecoder(schema: pipeline.schema, heads: pipeline.heads, recordBytesMax: 1000)
    let shape = (numbers: decoder.numberCount, categories: decoder.categoryCount)
    let names = try ["UA", "AA\\nB"].map { carrier in
      try sliceNames(
        of: #"{"x":{"carrier":"\#(carrier)"},"dest":"IAH","origin":"EWR","hot":true,"y":1}"#, decoder, shape, book)
    }
    let bucket = bucket(ofCategory: "IAH", buckets: 64)
    #expect(names[0] == ["UA", "IAH (bucket \(bucket))", "EWR", "true"])
    #expect(names[1][0] == "AA·B")
    let absent = try sliceNames(of: #"{"origin":"???","y":1}"#, decoder, shape, book)
    #expect(absent[0] == "(absent)" && absent[2].hasPrefix("??? (bucket ") && absent[3] == "(absent)", "\(absent)")
  }
}

/// The names of a record's values, as the step thread has them after the consumer has seen it.
private func sliceNames(
  of text: String, _ decoder: RecordDecoder, _ shape: (numbers: Int, categories: Int), _ book: SliceBook
) throws -> [String] {
  let buffer = PartitionBuffer(
    partition: 0, capacity: 1, numberCount: shape.numbers, categoryCount: shape.categories, nextOffset: 0)
  let slot = try #require(buffer.beginSlot())
  return Array(text.utf8).withUnsafeBytes { bytes in
    _ = decoder.decode(bytes, into: slot)
    return book.names(of: slot, bytes)
  }
}
