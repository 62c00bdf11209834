import CAllocationCounter
import Learning
import Tensors
import Testing
import Vocabulary

@Suite(.serialized) struct `The step loop` {
  @Test func `is watched by a counter that sees an allocation`() {
    var grown: [Int] = []
    #expect(countAllocations { grown.reserveCapacity(1000) } > 0)
    #expect(grown.capacity >= 1000)
  }

  @Test(arguments: Case.all)
  func `allocates nothing once it is warm`(_ item: Case) throws {
    var stream = Stream(item.spec)
    let batches = (0..<4).map { _ in stream.batch(30) }
    let learner = Learner(spec: item.spec, batchCapacity: 30)
    var attachment: [UInt8] = []
    var views: [UnsafeRawBufferPointer] = []
    func steps() throws {
      for batch in batches {
        learner.learnAlone(batch)
        learner.predict(batch)
        let local = learner.backward(batch)
        attachment.removeAll(keepingCapacity: true)
        learner.appendAttachment(to: &attachment)
        try attachment.withUnsafeBytes {
          views.removeAll(keepingCapacity: true)
          views.append($0)
          try learner.absorb(attachments: views)
        }
        _ = learner.apply(labelled: local.labelled, lossSum: local.lossSum)
      }
    }
    try steps()
    #expect(try countAllocations { for _ in 0..<10 { try steps() } } == 0)
  }

  @Test(arguments: Case.all)
  func `allocates nothing by partition either`(_ item: Case) throws {
    var stream = Stream(item.spec)
    let batches = (0..<4).map { _ in stream.batch(30) }
    let learner = Learner(spec: item.spec, batchCapacity: 30)
    learner.summation = .byPartition(PartitionTree(count: 8), stretch: 0..<8)
    var parts = BatchParts()
    func steps() {
      for (place, batch) in batches.enumerated() {
        parts.removeAll()
        for partition in 0..<3 { parts.append(partition: partition * 2 + place % 2, rows: 10) }
        learner.predict(batch)
        let local = learner.backward(batch, parts: parts)
        learner.absorbOwn()
        _ = learner.apply(labelled: local.labelled, lossSum: local.lossSum)
      }
    }
    steps()
    #expect(countAllocations { for _ in 0..<10 { steps() } } == 0)
  }
}

@Suite(.serialized) struct `A step of the recipe` {
  /// Of nine in ten the ring has a label: past its doubling at 4,096, and far from that at 8,192.
  private static let warmRecords = 5400

  @Test(arguments: RecipePreset.allCases, [LearnerSpec.Task.binary, .multiclass(classes: 3), .regression])
  func `allocates nothing once it is warm`(_ preset: RecipePreset, _ task: LearnerSpec.Task) throws {
    let stream = RecipeStream(task: task)
    let rows = 30
    let batches = (0..<4).map { stream.batch(($0 * rows)..<(($0 + 1) * rows)) }
    let model = RecipeModel(spec: RecipeStream.spec(task, preset: preset), batchCapacity: rows)
    model.isWatched = true
    model.summation = .byPartition(PartitionTree(count: 8), stretch: 0..<8)
    var parts = BatchParts()
    var attachment: [UInt8] = []
    var views: [UnsafeRawBufferPointer] = []
    func steps() throws {
      for (place, batch) in batches.enumerated() {
        parts.removeAll()
        for partition in 0..<3 { parts.append(partition: partition * 2 + place % 2, rows: rows / 3) }
        model.predict(batch)
        var local = model.backward(batch, parts: parts)
        model.absorbOwn()
        _ = model.apply(labelled: local.labelled, weight: local.weight, lossSum: local.lossSum)
        model.predict(batch)
        local = model.backward(batch, parts: parts)
        attachment.removeAll(keepingCapacity: true)
        model.appendAttachment(to: &attachment)
        try attachment.withUnsafeBytes {
          views.removeAll(keepingCapacity: true)
          views.append($0)
          try model.absorb(attachments: views)
        }
        _ = model.apply(labelled: local.labelled, weight: local.weight, lossSum: local.lossSum)
      }
    }
    for _ in 0..<(Self.warmRecords / (2 * rows * batches.count)) { try steps() }
    #expect(try countAllocations { for _ in 0..<10 { try steps() } } == 0)
  }
}

/// How often `body` asks for memory.
private func countAllocations(_ body: () throws -> Void) rethrows -> Int64 {
  allocation_counting_begin()
  do {
    try body()
  } catch {
    _ = allocation_counting_end()
    throw error
  }
  return allocation_counting_end()
}
