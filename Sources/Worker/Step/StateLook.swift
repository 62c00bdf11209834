package import Learning
import Tensors
import Vocabulary

/// All that a rank holds, as digests: what ranks tell each other once they know that they do not hold the same.
package struct StateLook: Sendable, Hashable {
  package var blocks: [UInt64]
  /// Of where partitions stand, and of what was counted.
  package var counts: UInt64
  /// Of the blocks that were agreed on last, as this rank remembers them; 0: none were.
  package var agreed: UInt64

  package init(blocks: [UInt64], counts: UInt64, agreed: UInt64) {
    (self.blocks, self.counts, self.agreed) = (blocks, counts, agreed)
  }

  package init(_ state: TrainingState, _ blocks: StateBlocks, agreed: StateBlocks?) {
    self.init(blocks: blocks.digests, counts: Self.counts(of: state), agreed: agreed?.value ?? 0)
  }

  /// Of all.
  package var value: UInt64 {
    var digest = Digest(seed: counts)
    blocks.withUnsafeBytes { digest.add($0) }
    return digest.value
  }

  private static func counts(of state: TrainingState) -> UInt64 {
    var digest = Digest(seed: UInt64(bitPattern: state.step))
    for progress in state.progress {
      for number in [progress.nextOffset, progress.trained, progress.rejected, progress.skipped, progress.lost] {
        digest.add(UInt64(bitPattern: number))
      }
    }
    for count in state.rejected { digest.add(UInt64(bitPattern: count)) }
    digest.add(UInt64(state.classes.count))
    return digest.value
  }

  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    for number in [counts, agreed] + blocks { bytes.append(raw: number) }
    return bytes
  }

  package init(_ bytes: UnsafeRawBufferPointer) throws {
    var reader = ByteReader(bytes)
    (counts, agreed) = (try reader.read(), try reader.read())
    blocks = try (0..<(reader.remaining / 8)).map { _ in try reader.read() }
  }
}

extension ReplicaDivergence {
  /// Says more of who is wrong and where, now that all have said what they hold.
  ///
  /// - Parameters:
  ///   - looks: By rank.
  ///   - own: The blocks of this rank, for the names of their parts.
  ///   - agreed: What all held when they last agreed on all of it.
  package mutating func judge(_ looks: [StateLook], own: StateBlocks, agreed: StateBlocks?) {
    guard looks.count == worldSize, looks.allSatisfy({ $0.blocks.count == own.digests.count }) else { return }
    let values = looks.map(\.value)
    guard Set(values).count > 1 else {
      if isSeenByNumbers { return }
      (damaged, mayHaveSpread) = ([], false)
      return
    }
    let different = own.digests.indices.filter { block in looks.contains { $0.blocks[block] != looks[0].blocks[block] }
    }
    parts = own.names(of: different)
    let differInCounts = looks.contains { $0.counts != looks[0].counts }
    if differInCounts { parts.append("offsets and counts") }
    defer { self.looks = damaged.count == worldSize ? looks : [] }
    let outvoted = Self.outvoted(values)
    if outvoted.count < worldSize || !isSeenByNumbers { damaged = outvoted }
    // Whoever remembers something else than the others of what was agreed on is no witness.
    let known = agreed.flatMap { agreed in looks.allSatisfy { $0.agreed == agreed.value } ? agreed.digests : nil }
    guard let known, known.count == own.digests.count, !differInCounts else { return }
    func isAsItWas(_ rank: Int) -> Bool { different.allSatisfy { looks[rank].blocks[$0] == known[$0] } }
    if damaged.count == worldSize {
      // No step has changed a block that is somewhere what it was: where it is not, something else has.
      let witnesses = looks.indices.filter(isAsItWas)
      guard !witnesses.isEmpty else { return }
      damaged = looks.indices.filter { !witnesses.contains($0) }
    }
    // What no step has changed, none has read.
    mayHaveSpread = !looks.indices.filter { !damaged.contains($0) }.allSatisfy(isAsItWas)
  }
}
