import Tensors
import Vocabulary

/// This rank's share of a step, partition by partition: what each leaves to be learned, so that all ranks can take it up in
/// the order of the partitions. One thread at a time.
final class PartShares {
  /// What lies in the whole share, one part behind the other; the rest is the part's own.
  struct Part {
    let partition: Int
    var rows, values: Range<Int>
  }

  let tree: PartitionTree
  let stretch: Range<Int>
  private(set) var parts: [Part] = []
  private let whole: StepShare
  private var shares: [StepShare] = []

  init(_ whole: StepShare, _ tree: PartitionTree, stretch: Range<Int>) {
    (self.whole, self.tree, self.stretch) = (whole, tree, stretch)
    parts.reserveCapacity(stretch.count)
    shares.reserveCapacity(stretch.count)
  }

  /// With the whole share.
  func clear() { parts.removeAll(keepingCapacity: true) }

  /// The share of the next part, empty but for what the whole share has of the parts before.
  func begin(_ partition: Int) -> StepShare {
    let (rows, values) = (whole.rows.count, whole.rows.valueCount)
    parts.append(Part(partition: partition, rows: rows..<rows, values: values..<values))
    if shares.count < parts.count { shares.append(StepShare(partOf: whole)) }
    let share = shares[parts.count - 1]
    share.moments.clear()
    share.sample.clear()
    return share
  }

  /// All of the part has been collected.
  func end() {
    let last = parts.count - 1
    parts[last].rows = parts[last].rows.lowerBound..<whole.rows.count
    parts[last].values = parts[last].values.lowerBound..<whole.rows.valueCount
  }

  /// Appends an attachment a part, each behind its partition and length. Values without a row go with the first one: which of
  /// them are taken depends on no order.
  func append(to bytes: inout [UInt8]) {
    withUnsafeBytes(of: (PartAttachment.magic.littleEndian, UInt32(parts.count).littleEndian)) {
      bytes.append(contentsOf: $0)
    }
    for (index, part) in parts.enumerated() {
      let start = bytes.count
      withUnsafeBytes(of: (UInt64(part.partition).littleEndian, UInt64(0))) { bytes.append(contentsOf: $0) }
      Attachment.append(
        shares[index], rows: part.rows, values: part.values, withSightings: index == 0, to: &bytes)
      let length = UInt64(bytes.count - start - PartAttachment.partBytes)
      withUnsafeBytes(of: length.littleEndian) {
        for (place, byte) in $0.enumerated() { bytes[start + 8 + place] = byte }
      }
    }
  }

  /// Instead of attachments: all but the rows, in the order of the partitions, as they are merged; and where these lie, with
  /// room for them.
  func gather(into merged: StepShare, rows: inout [TouchedRows]) {
    for (index, part) in parts.enumerated() {
      merged.moments.merge(shares[index].moments)
      rows.append(TouchedRows(whole.rows, rows: part.rows, values: part.values, of: part.partition))
      let sample = shares[index].sample
      merged.sample.open(rows: sample.rowCount, weight: sample.rowWeight)
      for row in 0..<sample.count {
        merged.sample.offer(key: sample.key(row), place: index * RowSample.rowsMax + row)
      }
    }
    for place in 0..<merged.sample.count {
      let (index, row) = merged.sample.place(place).quotientAndRemainder(dividingBy: RowSample.rowsMax)
      merged.sample.row(place).update(from: shares[index].sample.row(row), count: merged.sample.columns)
    }
    merged.sightings.copy(whole.sightings)
    merged.rows.reserve(rows: whole.rows.count, values: whole.rows.valueCount)
  }

  /// What any rank's attachment may take beyond what it would take as a whole.
  ///
  /// - Parameter touched: What all rows take.
  func bytesMax(touched: Int) -> Int {
    let bare = Attachment.byteCount(
      rows: 0, values: 0, columns: whole.moments.columns, sampled: RowSample.rowsMax, sightings: 0)
    return PartAttachment.headerBytes + tree.count * (PartAttachment.partBytes + bare + touched)
  }
}

/// What a rank's step carries beside the dense gradient, by partition.
///
/// Little-endian, 8-byte aligned: header (magic, parts: UInt32 each), then for each part, partitions ascending, partition and
/// length (UInt64 each) and an `Attachment`.
enum PartAttachment {
  static let magic: UInt32 = 0x3150_5452  // "RTP1"
  static let headerBytes = 8
  static let partBytes = 16

  /// Calls `body` with each part's partition and attachment.
  ///
  /// - Throws: `LearningError.damaged` unless the sizes agree, and what `body` throws.
  static func forEach(
    _ bytes: UnsafeRawBufferPointer, _ body: (UInt64, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    guard bytes.count >= headerBytes, bytes.loadUnaligned(as: UInt32.self).littleEndian == magic else {
      throw LearningError(code: .damaged, reason: "attachments by partition without their header")
    }
    let count = bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self).littleEndian
    var place = headerBytes
    for _ in 0..<count {
      guard bytes.count - place >= partBytes else { throw disagreement }
      let partition = bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self).littleEndian
      let length = bytes.loadUnaligned(fromByteOffset: place + 8, as: UInt64.self).littleEndian
      place += partBytes
      guard length <= UInt64(bytes.count - place) else { throw disagreement }
      try body(partition, UnsafeRawBufferPointer(rebasing: bytes[place..<(place + Int(length))]))
      place += Int(length)
    }
    guard place == bytes.count else { throw disagreement }
  }

  private static let disagreement = LearningError(
    code: .damaged, reason: "attachments by partition whose sizes disagree")
}
