import Learning
import Tensors
import Vocabulary

/// A bit of a learner's state that changes by itself.
struct BitFlip: Sendable, CustomStringConvertible {
  enum Kind: CaseIterable {
    case weight, firstMoment, secondMoment, embedding, rowMoment, normalizer, memory, counter
  }

  let kind: Kind
  let rank: Int
  /// The last step before it.
  let step: Int64
  private let seed: UInt64

  init(_ kind: Kind, rank: Int, step: Int64, random: inout SplitMix64) {
    (self.kind, self.rank, self.step, seed) = (kind, rank, step, random.next())
  }

  var description: String { "a bit of \(kind) of rank \(rank) after step \(step), seed \(seed)" }

  func strike(_ learner: Learner) {
    var random = SplitMix64(seed: seed)
    switch kind {
    case .weight: flip(learner.network.parameters, &random)
    case .firstMoment: flip(learner.optimizers.dense.buffers[0], &random)
    case .secondMoment: flip(learner.optimizers.dense.buffers[1], &random)
    case .embedding: flip(learner.network.tables.weights, &random)
    case .rowMoment: flip(learner.optimizers.embeddingRows.buffers[0], &random)
    case .normalizer:
      let running = learner.network.normalizer.running
      flip([running.count, running.mean, running.squares][Int(random.next() % 3)], &random)
    case .memory:
      // The counts: the other shelf's numbers are written over by the step that reads them.
      let shelf = learner.memory.shelves[1]
      shelf.update(1 + random.next() % 7) { flip($0, count: shelf.form.width, &random) }
    case .counter:
      // Behind magic, version and the shape's text.
      var bytes = learner.encodeState()
      let length = (0..<4).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
      bytes[12 + length + Int(random.next() % 5)] ^= 1 << UInt8(random.next() % 8)
      do { try learner.restoreState(bytes) } catch { preconditionFailure("a step is a step: \(error)") }
    }
  }

  private func flip<Element>(_ buffer: AlignedBuffer<Element>, _ random: inout SplitMix64) {
    flip(buffer.pointer, count: buffer.count, &random)
  }

  private func flip<Element>(_ start: UnsafeMutablePointer<Element>, count: Int, _ random: inout SplitMix64) {
    let bytes = UnsafeMutableRawBufferPointer(start: start, count: count * MemoryLayout<Element>.stride)
    let bit = Int(random.next() % UInt64(bytes.count * 8))
    bytes[bit / 8] ^= 1 << UInt8(bit % 8)
  }
}
