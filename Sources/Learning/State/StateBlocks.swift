import Tensors
import Vocabulary

/// A digest of every block of a state, the memory included. Who holds the same has the same; of two that do not, it says where
/// they differ, and held against an earlier one, what has changed since.
public struct StateBlocks: Sendable, Hashable {
  /// Blocks that are of one thing.
  public struct Part: Sendable, Hashable {
    /// In words.
    public let name: String
    public let blocks: Range<Int>

    package init(name: String, blocks: Range<Int>) { (self.name, self.blocks) = (name, blocks) }
  }

  public let parts: [Part]
  public let digests: [UInt64]
  /// Of all of them.
  public let value: UInt64

  package init(parts: [Part], digests: [UInt64]) {
    var whole = Digest(seed: UInt64(digests.count))
    digests.withUnsafeBytes { whole.add($0) }
    (self.parts, self.digests, value) = (parts, digests, whole.value)
  }

  /// What these blocks are of; each name once, in the order of the state.
  package func names(of blocks: [Int]) -> [String] {
    var names: [String] = []
    for part in parts where blocks.contains(where: part.blocks.contains) && !names.contains(part.name) {
      names.append(part.name)
    }
    return names
  }
}

extension StateWatch {
  /// Of a block, where a state is not so large that it would have more than a million of them.
  private static let blockBytesMin = 4096
  private static let blocksMax = 1 << 20

  /// Of all of the state as it is.
  func blocks(of learner: Learner) -> StateBlocks {
    let size = blockBytes
    var (parts, digests) = ([StateBlocks.Part](), [UInt64]())
    for region in regions {
      let first = digests.count
      for start in stride(from: 0, to: region.bytes.count, by: size) {
        var digest = Digest()
        let end = min(start + size, region.bytes.count)
        digest.add(UnsafeRawBufferPointer(rebasing: region.bytes[start..<end]))
        digests.append(digest.value)
      }
      parts.append(StateBlocks.Part(name: region.name, blocks: first..<digests.count))
    }
    digests.append(numbers(of: learner))
    parts.append(
      StateBlocks.Part(name: "step and the optimizers' numbers", blocks: (digests.count - 1)..<digests.count))
    return StateBlocks(parts: parts, digests: digests)
  }

  /// The same for as long as the state has its size.
  var blockBytes: Int {
    let bytes = regions.reduce(0) { $0 + $1.bytes.count }
    var size = Self.blockBytesMin
    while bytes / size > Self.blocksMax { size *= 2 }
    return size
  }

  /// What of the state lies in no buffer.
  private func numbers(of learner: Learner) -> UInt64 {
    var numbers = NumberDigest(digest: Digest(seed: UInt64(bitPattern: learner.step)))
    learner.optimizers.write(to: &numbers)
    var digest = numbers.digest
    digest.add(learner.random.state)
    for dictionary in learner.network.tables.dictionaries { digest.add(UInt64(dictionary.count)) }
    for shelf in learner.memory.shelves {
      digest.add(UInt64(shelf.count))
      digest.add(UInt64(bitPattern: shelf.refused))
    }
    return digest.value
  }
}

extension Learner {
  /// Digests of all that the next step depends on, the memory included.
  public func digestState() -> StateBlocks { (watch ?? StateWatch(self)).blocks(of: self) }
}
