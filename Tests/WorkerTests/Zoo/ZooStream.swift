import Foundation
import Ingest
import Vocabulary

/// A record of the zoo's stream.
struct ZooRecord: Sendable {
  var a, b, d: Float
  /// 1 … 8.
  var category: UInt32
  /// 0 or 1.
  var label: Float
}

/// An endless stream whose labels follow from three numbers and a category, but for chance: nobody predicts it without error.
struct ZooStream: Sendable {
  let seed: UInt64
  /// What becomes of a record on its way; nil: nothing.
  var change: (@Sendable (ZooStream, _ partition: Int32, _ offset: Int64) -> ZooRecord)?

  static let partitions = 4

  /// The record as it was sent.
  func sent(_ partition: Int32, _ offset: Int64) -> ZooRecord {
    var random = SplitMix64(seed: seed << 48 ^ UInt64(partition) << 40 ^ UInt64(offset))
    let (x, y, z) = (random.nextNearlyNormal(), random.nextNearlyNormal(), random.nextNearlyNormal())
    // Some categories are more frequent than others.
    let category = UInt32(min(random.next() % 8, random.next() % 8))
    let score = 1.5 * x - y + 0.6 * z + Self.effects[Int(category)]
    let share = 1 / (1 + exp(-2 * Double(score)))
    return ZooRecord(
      a: 10 + 3 * x, b: -2 + 0.5 * y, d: 100 + 20 * z, category: category + 1,
      label: random.nextUnit() < share ? 1 : 0)
  }

  private static let effects: [Float] = [1.2, -1.4, 0.8, -0.6, 1.6, -1, 0.3, -1.8]

  func record(_ partition: Int32, _ offset: Int64) -> ZooRecord {
    change?(self, partition, offset) ?? sent(partition, offset)
  }

  /// Fills a partition's buffer up to an offset.
  func fill(_ buffer: PartitionBuffer, upTo end: Int64) {
    for offset in buffer.nextOffset..<end {
      guard let slot = buffer.beginSlot() else { preconditionFailure("the buffer is too small for the test") }
      let record = record(buffer.partition, offset)
      (slot.numbers[0], slot.numbers[1], slot.numbers[2]) = (record.a, record.b, record.d)
      slot.categories[0] = record.category
      slot.labels.pointee = record.label
      slot.eventTime.pointee = Double(offset)
      _ = buffer.commitExample(offset: offset)
    }
    buffer.markEnd(upTo: end)
  }
}
