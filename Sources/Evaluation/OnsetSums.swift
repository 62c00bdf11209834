import Foundation
import Vocabulary

/// Sums of a stream of differences in at most 64 blocks, from which it can be told afterwards when it changed.
///
/// Blocks are of one length, but for the last; where there are too many, neighbours become one, so an answer is as fine as 1/32 of
/// the stream's length.
public struct OnsetSums: Sendable, Hashable, Codable {
  static let blocksMax = 64

  private struct Block: Sendable, Hashable, Codable {
    var count: Int64 = 0
    @JSONSafe var sum: Double = 0
  }

  private var blocks: [Block] = []
  /// Differences of a full block.
  private var span: Int64 = 1
  @JSONSafe private var squares: Double = 0

  public init() {}

  public private(set) var count: Int64 = 0

  /// Adds differences that came together: a batch, or what lies between two looks.
  public mutating func add(count added: Int64, sum: Double, squares: Double) {
    guard added > 0, sum.isFinite, squares.isFinite else { return }
    count += added
    self.squares += squares
    if let last = blocks.indices.last, blocks[last].count < span {
      blocks[last].count += added
      blocks[last].sum += sum
      return
    }
    if blocks.isEmpty { blocks.reserveCapacity(Self.blocksMax) }
    if blocks.count >= Self.blocksMax { halve() }
    blocks.append(Block(count: added, sum: sum))
  }

  /// Adds all pairs of `pairs`, which came together.
  public mutating func add(_ pairs: PairedDifference) {
    add(count: pairs.count, sum: pairs.moments.sum, squares: pairs.moments.squares)
  }

  private mutating func halve() {
    // In place: steps of training ask for no memory.
    let halves = (blocks.count + 1) / 2
    for index in 0..<halves {
      var block = blocks[2 * index]
      if 2 * index + 1 < blocks.count {
        block.count += blocks[2 * index + 1].count
        block.sum += blocks[2 * index + 1].sum
      }
      blocks[index] = block
    }
    blocks.removeLast(blocks.count - halves)
    span = max(2 * span, blocks[0].count)
  }

  /// How many differences ago the mean probably rose, and by how much; nil: it has been the same since the first, as well as
  /// can be told.
  ///
  /// The cut at which two means fit the blocks best, where the second is greater and they fit better than one mean by what 64 cuts
  /// reach by chance in one of a hundred streams.
  ///
  /// - Source: Hinkley 1970, "Inference about the change-point in a sequence of random variables".
  public var rise: (ago: Int64, before: Double, after: Double)? {
    let total = Double(count)
    let sum = blocks.reduce(0) { $0 + $1.sum }
    var best: (gain: Double, ago: Int64, before: Double, after: Double)?
    var left = Block()
    for block in blocks.dropLast() {
      left.count += block.count
      left.sum += block.sum
      let (n, m) = (Double(left.count), total - Double(left.count))
      let (before, after) = (left.sum / n, (sum - left.sum) / m)
      let gain = (after - before) * (after - before) * n * m / total
      if after > before, gain > best?.gain ?? 0 { best = (gain, count - left.count, before, after) }
    }
    guard let best else { return nil }
    let variance = (squares - sum * sum / total - best.gain) / total
    guard best.gain > Self.gainMin * max(variance, 0) else { return nil }
    return (best.ago, best.before, best.after)
  }

  /// In variances of one difference: 64 cuts' greatest χ² of one degree, at 1 % by Bonferroni's bound.
  private static let gainMin = 14.3
}
