import Learning
import Tensors
import Testing
import Vocabulary

/// Learners that share the partitions of a topic, each with a stretch of them, and sum by partition: one step of them does
/// what an exchange does.
struct Dealing {
  let tree: PartitionTree
  let stretches: [Range<Int>]
  let learners: [Learner]
  /// Nodes without rows are left out of the sum; else they are added as the zeros that they hold.
  let leavesOut: Bool

  /// - Parameter cuts: Where the stretches of further learners begin.
  init(_ spec: LearnerSpec, partitions: Int, cuts: [Int], capacity: Int, leavesOut: Bool = true) {
    let tree = PartitionTree(count: partitions)
    self.tree = tree
    let stretches = zip([0] + cuts, cuts + [partitions]).map { $0..<$1 }
    self.stretches = stretches
    learners = stretches.map { stretch in
      let learner = Learner(spec: spec, batchCapacity: capacity)
      learner.summation = .byPartition(tree, stretch: stretch)
      return learner
    }
    self.leavesOut = leavesOut
  }

  /// - Parameter counts: Rows of each partition, as they lie in the batch.
  @discardableResult
  func step(_ batch: FeatureBatch, counts: [Int]) throws -> Update {
    var (local, attachments): (LocalStep, [[UInt8]]) = (LocalStep(labelled: 0, lossSum: 0, isFinite: true), [])
    var held: [(node: Range<Int>, values: [Float])] = []
    for (learner, stretch) in zip(learners, stretches) {
      let (share, parts) = share(of: stretch, batch, counts)
      if share.count > 0 {
        learner.predict(share)
        #expect(learner.backward(share, parts: parts).isFinite)
      } else {
        learner.discardStep()
      }
      for step in learner.partSteps {
        local.labelled += step.labelled
        local.weight += step.weight
        local.lossSum += step.lossSum
      }
      var bytes: [UInt8] = []
      learner.appendAttachment(to: &bytes)
      attachments.append(bytes)
      let length = learner.denseGradient.count
      for (place, node) in (learner.summation.nodes ?? []).enumerated() {
        let values = Array(learner.denseNodes[(place * length)..<((place + 1) * length)])
        if leavesOut, !parts.parts.contains(where: { node.contains($0.partition) }) { continue }
        held.append((node, values))
      }
    }
    let (additions, places) = tree.additions(of: held.map(\.node), to: [0..<tree.count])
    for addition in additions {
      let from = held[addition.from].values
      for index in from.indices { held[addition.into].values[index] += from[index] }
    }
    let update = try learners.map { learner in
      if learners.count == 1 {
        learner.absorbOwn()
      } else {
        for index in learner.denseGradient.indices {
          learner.denseGradient[index] = places[0] < 0 ? 0 : held[places[0]].values[index]
        }
        try absorb(attachments, learner)
      }
      return learner.apply(labelled: local.labelled, weight: local.weight, lossSum: local.lossSum)
    }
    #expect(update.allSatisfy { $0 == update[0] })
    return update[0]
  }

  private func share(
    of stretch: Range<Int>, _ batch: FeatureBatch, _ counts: [Int]
  ) -> (FeatureBatch, BatchParts) {
    var parts = BatchParts()
    for partition in stretch { parts.append(partition: partition, rows: counts[partition]) }
    let first = counts[..<stretch.lowerBound].reduce(0, +)
    return (batch.rows(first..<(first + parts.rowCount)), parts)
  }

  private func absorb(_ attachments: [[UInt8]], _ learner: Learner) throws {
    let buffers = attachments.map { bytes in
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
      copy.copyBytes(from: bytes)
      return UnsafeRawBufferPointer(copy)
    }
    defer { for buffer in buffers { buffer.deallocate() } }
    try learner.absorb(attachments: buffers)
  }
}
