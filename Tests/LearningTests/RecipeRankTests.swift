import Learning
import Tensors
import Testing
import Vocabulary

/// A recipe's steps on several ranks: all learn all records.
@Suite("A model that needs no settings, on several workers")
struct RecipeRankTests {
  private static let counts = [3, 0, 2, 5]

  /// One step of ranks that hold stretches of four partitions.
  private func step(_ models: [RecipeModel], _ stretches: [Range<Int>], _ batch: FeatureBatch) throws -> [Update] {
    var attachments: [[UInt8]] = []
    var (labelled, weight, loss) = (0, 0.0, 0.0)
    for (model, stretch) in zip(models, stretches) {
      var parts = BatchParts()
      for partition in stretch { parts.append(partition: partition, rows: Self.counts[partition]) }
      let first = Self.counts[..<stretch.lowerBound].reduce(0, +)
      let share = batch.rows(first..<(first + parts.rowCount))
      var bytes: [UInt8] = []
      if share.count > 0 {
        model.predict(share)
        let local = model.backward(share, parts: parts)
        labelled += local.labelled
        weight += local.weight
        loss += local.lossSum
      } else {
        model.discardStep()
      }
      model.appendAttachment(to: &bytes)
      attachments.append(bytes)
    }
    return try models.map { model in
      if models.count == 1 {
        model.absorbOwn()
      } else {
        try absorb(attachments, model)
      }
      return model.apply(labelled: labelled, weight: weight, lossSum: loss)
    }
  }

  private func absorb(_ attachments: [[UInt8]], _ model: RecipeModel) throws {
    let buffers = attachments.map { bytes in
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count + 1, alignment: 8)
      copy.copyBytes(from: bytes)
      return UnsafeRawBufferPointer(rebasing: copy[0..<bytes.count])
    }
    defer { for buffer in buffers { buffer.baseAddress.map { UnsafeMutableRawPointer(mutating: $0).deallocate() } } }
    try model.absorb(attachments: buffers)
  }

  @Test("holds the same bits with one, two and three of them", arguments: RecipePreset.allCases)
  func worlds(preset: RecipePreset) throws {
    let stream = RecipeStream()
    let tree = PartitionTree(count: 4)
    var states: [[UInt8]] = []
    for cuts in [[], [1], [2], [1, 3]] as [[Int]] {
      let stretches = zip([0] + cuts, cuts + [4]).map { $0..<$1 }
      let models = stretches.map { stretch in
        let model = RecipeModel(spec: RecipeStream.spec(preset: preset), batchCapacity: 10)
        model.summation = .byPartition(tree, stretch: stretch)
        model.isWatched = true
        return model
      }
      for number in 0..<30 {
        let updates = try step(models, stretches, stream.batch((10 * number)..<(10 * number + 10)))
        #expect(updates.allSatisfy { $0 == updates[0] })
      }
      for model in models {
        states.append(model.wholeState)
        #expect(model.digestState() == models[0].digestState())
      }
    }
    #expect(states.allSatisfy { $0 == states[0] })
  }

  @Test("refuses records of another form, and too many of them")
  func damage() throws {
    let model = RecipeModel(spec: RecipeStream.spec(), batchCapacity: 10)
    let batch = RecipeStream().batch(0..<10)
    model.predict(batch)
    _ = model.backward(batch)
    var good: [UInt8] = []
    model.appendAttachment(to: &good)
    for change in [
      { $0[0] ^= 1 }, { $0[4] = 11 }, { $0[7] = 0xFF }, { $0[8] = 9 }, { $0[16] = 1 }, { $0.removeLast() },
      { $0.append(0) }, { $0.removeLast($0.count - 8) },
    ] as [(inout [UInt8]) -> Void] {
      var bad = good
      change(&bad)
      #expect(throws: LearningError.self) { try absorb([bad], model) }
    }
    #expect(throws: LearningError.self) { try absorb([good, good], model) }
    try absorb([good], model)
  }
}
